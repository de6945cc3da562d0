"""A real server process, a real browser, and the few words in which the tests speak of them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    expect,
    sync_playwright,
)
from playwright.sync_api import Error as PlaywrightError

from .between import Between, Planted
from .people import ChatPage, ChatServer

DEADLINE_S = 60.0
SYSTEM_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


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


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium: the system's, or Playwright's own. One for this folder, where nothing else runs an event loop."""
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
