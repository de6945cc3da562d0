"""A real server process, a real browser, and the few words in which the tests speak of them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    Playwright,
    Route,
    WebSocketRoute,
    expect,
    sync_playwright,
)
from playwright.sync_api import Error as PlaywrightError

from ..support.blocking_client import BlockingClient, blocking
from ..support.server_process import ServerProcess

DEADLINE_S = 20.0
SYSTEM_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


class Publisher:
    """A user who writes from outside the browser."""

    def __init__(self, client: BlockingClient, user_id: str) -> None:
        self._client = client
        self.user_id = user_id
        self.ask = client.ask

    def publish(self, event: str, data: object, room: str) -> dict[str, Any]:
        """Publish one event; its answer."""
        return self.ask("trigger", roomId=room, event=event, data=data)

    def say(self, *texts: str, room: str = "general") -> list[int]:
        """Publish the texts, many in flight, and give back their seqs."""
        seqs: list[int] = []
        for first in range(0, len(texts), 50):
            sent = [
                self._client.send(
                    "trigger", roomId=room, event="message", data={"text": text, "username": self.user_id}
                )
                for text in texts[first : first + 50]
            ]
            seqs += [self._client.answer(request)["seq"] for request in sent]
        return seqs


class ChatServer:
    """`dialogue serve` of the chat or of an app's file, which may be killed and started again on its port and files."""

    def __init__(self, folder: Path, app: Path | None = None) -> None:
        self._server = ServerProcess.of_chat(folder) if app is None else ServerProcess.of_app(folder, app)

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"{self._server.http}/"

    def start(self) -> None:
        """Start it, and return when it is ready."""
        self._server.start()

    def kill(self) -> None:
        """SIGKILL: nothing is said, flushed or closed."""
        self._server.kill()

    def stop(self) -> None:
        """SIGTERM, and wait for the clean end."""
        self._server.stop()

    @contextmanager
    def elsewhere(self) -> Iterator[None]:
        """Run on the same file under another address, where the page does not look."""
        port, self._server.port = self._server.port, 0
        self.start()
        try:
            yield
        finally:
            self.stop()
            self._server.port = port

    @contextmanager
    def user(self, user_id: str, room: str = "general", *, create: bool = False) -> Iterator[Publisher]:
        """A user in a room."""
        with blocking(self._server.ws, user_id) as client:
            publisher = Publisher(client, user_id)
            if create:
                publisher.ask("createRoom", room={"id": room, "name": room})
            publisher.ask("join", roomId=room)
            yield publisher

    def say(self, *texts: str, user_id: str = "grace", room: str = "general") -> list[int]:
        """Publish the texts as a user who comes and goes."""
        with self.user(user_id, room) as publisher:
            return publisher.say(*texts, room=room)


class ChatPage:
    """The chat as a person sees it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def log(self) -> Locator:
        """The messages of the room that is open."""
        return self.page.get_by_role("log")

    @property
    def composer(self) -> Locator:
        """Where one writes."""
        return self.page.locator("#composer-text")

    def message(self, text: str) -> Locator:
        """The messages that say exactly this."""
        return self.log.locator(".text").get_by_text(text, exact=True)

    def say(self, text: str) -> None:
        """Write and send, as a person does."""
        self.composer.fill(text)
        self.composer.press("Enter")

    def expect_connected(self) -> None:
        """Wait until the page says that it is."""
        expect(self.page.get_by_role("status")).to_have_text("Connected")

    def texts(self) -> list[str]:
        """What is in the document, from top to bottom."""
        return self.log.locator(".text").all_text_contents()

    def seqs(self) -> list[int]:
        """The seqs in the document, from top to bottom."""
        script = "log => [...log.querySelectorAll('[data-seq]')].map(entry => Number(entry.dataset.seq))"
        seqs: list[int] = self.log.evaluate(script)
        return seqs


def until(chat: ChatPage, condition: Callable[[], bool]) -> None:
    """Wait, while the page goes on."""
    for _ in range(2_000):
        if condition():
            return
        chat.page.evaluate("() => new Promise(requestAnimationFrame)")
    raise AssertionError("waited in vain")


class Between:
    """Stands on the wire between a page and the server, passes on what it is not told to play, and keeps the rest."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self._changes: list[Callable[[dict[str, Any]], None]] = []
        self._answers: dict[str, Callable[[dict[str, Any]], dict[str, Any] | None]] = {}
        self._page: WebSocketRoute | None = None
        self._is_down = False

    def messages(self) -> list[dict[str, Any]]:
        """The messages that the page has sent, in order; that somebody writes is none."""
        return [request for request in self.asked if request["type"] == "trigger" and request["event"] == "message"]

    def answer(self, kind: str, answer: Callable[[dict[str, Any]], dict[str, Any] | None]) -> None:
        """Answer the requests of that type by itself; None is no answer, and the server never gets them."""
        self._answers[kind] = answer

    def pass_on(self, kind: str) -> None:
        """Leave the requests of that type to the server again."""
        del self._answers[kind]

    def change(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Have every message of the server changed in place before the page gets it."""
        self._changes.append(change)

    def say(self, message: dict[str, Any]) -> None:
        """Tell the page something that the server did not say."""
        assert self._page is not None
        self._page.send(json.dumps(message))

    def cut(self) -> None:
        """Lose the connection; the page makes another."""
        self.close(1011)

    def close(self, code: int, reason: str = "") -> None:
        """End the connection as the server would."""
        assert self._page is not None
        self._page.close(code=code, reason=reason)

    def go_down(self) -> None:
        """Lose the connection, and let no other be made."""
        self._is_down = True
        self.cut()

    def come_up(self) -> None:
        """Let the next attempt through."""
        self._is_down = False

    def take(self, page: WebSocketRoute) -> None:
        """Be there for a new connection."""
        self._page = page
        if self._is_down:
            page.close(code=1011)
            return
        server = page.connect_to_server()

        def ask(text: str | bytes) -> None:
            message = json.loads(text)
            self.asked.append(message)
            answer = self._answers.get(message["type"])
            if answer is None:
                server.send(text)
            elif (played := answer(message)) is not None:
                page.send(json.dumps({"id": message["id"], **played}))

        def tell(text: str | bytes) -> None:
            message = json.loads(text)
            for change in self._changes:
                change(message)
            page.send(json.dumps(message))

        page.on_message(ask)
        server.on_message(tell)


@dataclass(frozen=True)
class Planted:
    """A fault in a script of the page or its client: a mend that is switched off, to see that a test finds it."""

    script: str
    mend: str
    fault: str

    def plant(self, page: Page) -> None:
        """Have the page load the script with the fault in it."""

        def serve(route: Route) -> None:
            answer = route.fetch()
            source = answer.text()
            assert source.count(self.mend) == 1, f"{self.script} has changed: {self.mend}"
            route.fulfill(response=answer, body=source.replace(self.mend, self.fault))

        page.route(f"**/{self.script}", serve)


OpenChat = Callable[..., ChatPage]


def _no_browser(reason: str) -> None:
    """Skip for people, fail in CI, where a browser belongs to the set-up."""
    advice = f"{reason}; install one with `apt-get install chromium` or `playwright install chromium`"
    if os.environ.get("CI"):
        pytest.fail(advice)
    pytest.skip(advice)


def _launch(playwright: Playwright) -> Browser:
    found = next(filter(None, map(shutil.which, SYSTEM_BROWSERS)), None)
    return playwright.chromium.launch(executable_path=found, args=BROWSER_ARGS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium: the system's, or Playwright's own."""
    with sync_playwright() as playwright:
        try:
            browser = _launch(playwright)
        except PlaywrightError as error:
            _no_browser(f"No Chromium could be started ({str(error).splitlines()[0]})")
            raise
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatServer]:
    """One server for the tests of a module: they use rooms of their own."""
    server = ChatServer(tmp_path_factory.mktemp("server"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatServer]:
    """A server of an app of which the page knows nothing."""
    server = ChatServer(tmp_path_factory.mktemp("shop"), Path(__file__).with_name("shop_app.py"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ChatServer]:
    """A server for one test, with nothing in it."""
    server = ChatServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def contexts(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Makes contexts (each is another person) and looks at the end whether a script failed or was forbidden in one."""
    made: list[BrowserContext] = []
    faults: list[str] = []

    def new_context(**options: Any) -> BrowserContext:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        context.on("weberror", lambda error: faults.append(str(error.error)))
        context.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
        made.append(context)
        return context

    yield new_context
    for context in made:
        context.close()
    assert faults == []


@pytest.fixture
def open_chat(contexts: Callable[..., BrowserContext]) -> OpenChat:
    """`open_chat(server, name="Ada", room="general", **context options)`: a person opens the page and gives a name.

    `between` stands between the page and the server: a part of what is said there is played by the test. `planted` is a
    fault in one of the page's scripts.
    """

    def open_it(
        server: ChatServer,
        name: str | None = "Ada",
        room: str = "",
        between: Between | None = None,
        planted: Planted | None = None,
        **options: Any,
    ) -> ChatPage:
        page = contexts(**options).new_page()
        if planted is not None:
            planted.plant(page)
        if between is not None:
            page.route_web_socket("**/ws", between.take)
        page.set_default_timeout(DEADLINE_S * 1000)
        page.goto(f"{server.url}#{room}" if room else server.url)
        chat = ChatPage(page)
        chat.expect_connected()
        if name is not None:
            page.get_by_label("What should the others call you?").fill(name)
            page.get_by_role("button", name="Start chatting").click()
            expect(chat.composer).to_be_visible()
        return chat

    return open_it


class ClientPage:
    """A page without the chat, in which scripts use `/client.js` by themselves."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def prepare_anew(self) -> None:
        """Load the page and its scripts once more, as a fault was planted in them."""
        self.page.reload()
        self.page.evaluate(Path(__file__).with_name("scripted_socket.js").read_text())

    def run(self, script: str, argument: object = None) -> Any:
        """Call an async function of JavaScript with what `scripted_socket.js` has prepared, and the argument."""
        return self.page.evaluate(
            f"async argument => ({script})(await globalThis.prepared, argument)", json.loads(json.dumps(argument))
        )


@pytest.fixture
def client_page(shared_server: ChatServer, contexts: Callable[..., BrowserContext]) -> ClientPage:
    """A page of the server's origin with the client and the scripted socket at hand."""
    page = contexts().new_page()
    page.goto(f"{shared_server.url}client.js")
    page.evaluate(Path(__file__).with_name("scripted_socket.js").read_text())
    return ClientPage(page)


@pytest.fixture(autouse=True)
def _expect_deadline() -> None:
    expect.set_options(timeout=DEADLINE_S * 1000)
