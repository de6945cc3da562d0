"""What is unread in which room, in the page, and how it is told what was read."""

from __future__ import annotations

import re
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from .between import Between, Planted
from .people import ChatPage, Publisher, until

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.conftest import OpenChat
    from tests.browser.people import ChatServer

pytestmark = pytest.mark.browser

REST_S = 2.0
"""Between two marks of one room."""


class Marks:
    """Plays read marks: counts for the list, and an answer to each mark."""

    def __init__(self, wire: Between, **unread: int) -> None:
        self.wire = wire
        self.unread = unread
        wire.change(self._count)
        wire.answer("markRead", self._mark)

    def of(self, room: str) -> list[int]:
        """The seqs up to which the room was marked, in order; a mark at 0 is a question and marks nothing."""
        asked = [request for request in self.wire.asked if request["type"] == "markRead" and request["roomId"] == room]
        return [request["seq"] for request in asked if request["seq"] > 0]

    def _count(self, message: dict[str, Any]) -> None:
        for room in message["rooms"] if message["type"] == "rooms" else []:
            if room["id"] in self.unread:
                room["unread"] = self.unread[room["id"]]

    def _mark(self, request: dict[str, Any]) -> dict[str, Any]:
        self.unread[request["roomId"]] = 0
        return {"type": "marked", "roomId": request["roomId"], "seq": request["seq"], "unread": 0}


def badge(chat: ChatPage, room: str) -> Locator:
    return chat.page.locator(".room-list li", has_text=room).locator(".badge")


def test_rooms_that_were_never_opened_say_what_is_unread(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """From the server's list; another session's mark takes it away, and opening the room does."""
    with shared_server.user("grace", "fresh", create=True) as grace, shared_server.user("grace", "stale", create=True):
        seqs = grace.say("one", "two", "three", room="fresh")
        wire = Between()
        marks = Marks(wire, fresh=3, stale=120, general=7)
        chat = open_chat(shared_server, "Ada", between=wire)
        expect(badge(chat, "fresh")).to_have_text("3")
        expect(badge(chat, "stale")).to_have_text("99+")
        expect(badge(chat, "General")).to_be_hidden()
        expect(chat.page.get_by_role("link", name=re.compile("stale.*, 120 unread messages"))).to_be_visible()
        wire.say({"type": "marked", "roomId": "stale", "seq": 9, "unread": 0})
        expect(badge(chat, "stale")).to_be_hidden()
        chat.page.get_by_role("link", name="fresh").click()
        expect(chat.message("three")).to_be_visible()
        expect(badge(chat, "fresh")).to_be_hidden()
        until(chat, lambda: marks.of("fresh") == [seqs[-1]])


def test_what_is_read_is_marked_now_and_then(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """A hundred messages before one's eyes are a few requests, the last of which is for the last message."""
    with shared_server.user("grace", "lively", create=True) as grace:
        wire = Between()
        marks = Marks(wire)
        chat = open_chat(shared_server, "Ada", "lively", between=wire)
        began = monotonic()
        seqs = grace.say(*(f"event {number}" for number in range(1, 101)), room="lively")
        expect(chat.message("event 100")).to_be_in_viewport()
        until(chat, lambda: marks.of("lively")[-1:] == [seqs[-1]])
        assert len(marks.of("lively")) <= 3 + (monotonic() - began) / REST_S


def test_what_comes_below_the_readers_place_is_unread_until_one_goes_there(
    shared_server: ChatServer, open_chat: OpenChat
) -> None:
    """Reading further up marks nothing, and the badge counts; at the end it is marked and the badge goes."""
    with shared_server.user("grace", "above", create=True) as grace:
        seqs = grace.say(*(f"event {number}" for number in range(1, 101)), room="above")
        wire = Between()
        marks = Marks(wire)
        chat = open_chat(shared_server, "Ada", "above", between=wire)
        until(chat, lambda: marks.of("above") == [seqs[-1]])
        chat.log.press("Home")
        expect(chat.message("event 1")).to_be_in_viewport()
        newest = grace.say("far below", room="above")[0]
        expect(badge(chat, "above")).to_have_text("1")
        assert chat.page.title().startswith("(1) ")
        assert marks.of("above") == [seqs[-1]]
        chat.log.press("End")
        expect(badge(chat, "above")).to_be_hidden()
        until(chat, lambda: marks.of("above")[-1] == newest)


def test_a_server_without_read_marks_is_asked_once(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """The badges go on counting what this page has seen."""
    with shared_server.user("grace", "older", create=True) as grace:
        wire = Between()
        wire.answer("markRead", lambda _: {"type": "error", "code": "INVALID_REQUEST", "message": "unknown type"})
        chat = open_chat(shared_server, "Ada", "older", between=wire)
        grace.say("one", room="older")
        expect(chat.message("one")).to_be_visible()
        chat.page.get_by_role("link", name="General Chat").click()
        grace.say("two", room="older")
        expect(badge(chat, "older")).to_have_text("1")
        assert len([request for request in wire.asked if request["type"] == "markRead"]) == 1


LONG_REST = Planted(
    "page/unread.js",
    "      this.#report(roomId);\n    }, MARK_EVERY_MS);",
    "      this.#report(roomId);\n    }, 60_000);",
)
"""So that three messages come within one on any machine."""

NEVER_AFTER_THE_REST = Planted(
    "page/unread.js",
    "      this.look(roomId);\n      this.#report(roomId);\n    }, MARK_EVERY_MS);",
    "      this.look(roomId);\n    }, 60_000);",
)
AFTER_THE_REST_MS = 60_001


def open_with_a_clock(chat: ChatPage, marks: Marks, room: str) -> None:
    """Load the page once more, under a clock that can be put forward, and wait until its rest begins."""
    until(chat, lambda: marks.of(room) != [])
    chat.page.clock.install()
    before = len(marks.of(room))
    chat.page.reload()
    until(chat, lambda: len(marks.of(room)) > before)


def read_quickly_and_go(chat: ChatPage, grace: Publisher, wire: Between, room: str) -> int:
    """Three messages within a rest are before one's eyes, and then one is in another room; the last one's seq."""
    expect(chat.message("a beginning")).to_be_visible()
    for text in ("one", "two", "three"):
        last = grace.say(text, room=room)[0]
        expect(chat.message(text)).to_be_in_viewport()
    chat.page.get_by_role("link", name="General Chat").click()
    expect(chat.page.get_by_role("heading", level=1)).to_have_text("General Chat")
    return last


def test_the_last_that_was_read_is_told_also_when_one_has_gone(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """Marks are sent now and then, and the last one always."""
    with shared_server.user("grace", "hurried", create=True) as grace:
        grace.say("a beginning", room="hurried")
        wire = Between()
        marks = Marks(wire)
        chat = open_chat(shared_server, "Ada", "hurried", between=wire, planted=LONG_REST)
        open_with_a_clock(chat, marks, "hurried")
        before = len(marks.of("hurried"))
        last = read_quickly_and_go(chat, grace, wire, "hurried")
        assert len(marks.of("hurried")) == before
        chat.page.clock.fast_forward(AFTER_THE_REST_MS)
        until(chat, lambda: marks.of("hurried")[before:] == [last])


def test_a_page_that_drops_the_last_mark_is_found(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """The check above fails where the mend is switched off: after the rest nothing is told."""
    with shared_server.user("grace", "dropped", create=True) as grace:
        grace.say("a beginning", room="dropped")
        wire = Between()
        marks = Marks(wire)
        chat = open_chat(shared_server, "Ada", "dropped", between=wire, planted=NEVER_AFTER_THE_REST)
        open_with_a_clock(chat, marks, "dropped")
        last = read_quickly_and_go(chat, grace, wire, "dropped")
        chat.page.clock.fast_forward(AFTER_THE_REST_MS)
        wire.say({"type": "marked", "roomId": "general", "seq": 1, "unread": 0})
        chat.page.evaluate("() => new Promise(requestAnimationFrame)")
        assert last not in marks.of("dropped")


def test_what_was_read_without_a_connection_is_told_later(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """The connection is lost before the mark's time has come: it is told with the next one."""
    with shared_server.user("grace", "offline", create=True) as grace:
        grace.say("a beginning", room="offline")
        wire = Between()
        marks = Marks(wire)
        chat = open_chat(shared_server, "Ada", "offline", between=wire)
        until(chat, lambda: marks.of("offline") != [])
        last = grace.say("one more", room="offline")[0]
        expect(chat.message("one more")).to_be_in_viewport()
        wire.cut()
        until(chat, lambda: marks.of("offline")[-1:] == [last])
