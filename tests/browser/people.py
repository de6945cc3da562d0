"""Who is in the tests: users from outside the browser, the server, and a person at the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from playwright.sync_api import Locator, Page, expect

from ..support.blocking_client import BlockingClient, blocking
from ..support.server_process import ServerProcess

DEADLINE_S = 60.0


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
    end = monotonic() + DEADLINE_S
    while not condition():
        assert monotonic() < end, "waited in vain"
        chat.page.evaluate("() => new Promise(requestAnimationFrame)")
