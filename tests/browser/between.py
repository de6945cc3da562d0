"""What stands between a page and the server: a wire that plays a part of what is said, and faults in scripts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page, Route, WebSocketRoute


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
