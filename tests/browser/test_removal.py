"""Taking back what was said, in the page: by its author, by others, live and later."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from .between import Between

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Route

    from tests.browser.conftest import OpenChat
    from tests.browser.people import ChatServer

pytestmark = pytest.mark.browser

REMOVED = "Message removed"


def entry(chat: Any, text: str) -> Locator:
    found: Locator = chat.log.locator(".entry", has=chat.page.locator(".text", has_text=text))
    return found


def redaction(room: str, seq: int, of: int) -> dict[str, Any]:
    event = {"event": "dialogue.redacted", "roomId": room, "data": {"seq": of, "by": "grace"}, "from": "grace"}
    return event | {"timestamp": 1_767_225_600_000, "seq": seq}


def answer_removals(page: Page, *answers: dict[str, Any]) -> list[Any]:
    """Answer the calls one after the other, and keep what was asked."""
    asked: list[Any] = []
    left = list(answers)

    def play(route: Route) -> None:
        request = route.request
        asked.append([request.method, request.url.partition("/rooms/")[2], request.header_value("x-user-id")])
        route.fulfill(**left.pop(0))

    page.route("**/rooms/*/events/*", play)
    return asked


def test_an_author_takes_back_a_message(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """After a question in place, with the room's address and the author's id; others have no button for it."""
    with shared_server.user("grace", "takeback", create=True) as grace:
        grace.say("from grace", room="takeback")
        chat = open_chat(shared_server, "Ada", "takeback")
        asked = answer_removals(chat.page, {"status": 204})
        chat.say("a slip of the tongue")
        own = entry(chat, "a slip of the tongue")
        own.hover()
        own.get_by_role("button", name="Remove this message").click()
        question = own.get_by_role("group", name="Remove this message for everyone?")
        expect(question.get_by_role("button", name="Keep it")).to_be_focused()
        question.get_by_role("button", name="Keep it").click()
        expect(question).to_have_count(0)
        expect(own.get_by_role("button", name="Remove this message")).to_be_focused()
        assert asked == []
        own.get_by_role("button", name="Remove this message").click()
        question.get_by_role("button", name="Remove", exact=True).click()
        expect(chat.message(REMOVED)).to_be_visible()
        assert chat.texts() == ["from grace", REMOVED]
        user_id = chat.page.evaluate("localStorage.getItem('dialogue.userId')")
        assert asked == [["DELETE", "takeback/events/2", user_id]]
        expect(chat.log.get_by_role("button", name="Remove this message")).to_have_count(0)
        expect(chat.log).to_be_focused()


def test_a_refused_removal_says_why_where_it_was_asked(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """The message stays, the reason stands beside the question, and one may try again."""
    problem = json.dumps({"status": 503, "code": "UNAVAILABLE", "detail": "later"})
    with shared_server.user("grace", "refused", create=True):
        chat = open_chat(shared_server, "Ada", "refused")
        asked = answer_removals(chat.page, {"status": 503, "body": problem}, {"status": 204})
        chat.say("it stays")
        own = entry(chat, "it stays")
        own.hover()
        own.get_by_role("button", name="Remove this message").click()
        own.get_by_role("button", name="Remove", exact=True).click()
        expect(own.get_by_role("alert")).to_contain_text("Not removed. The server cannot keep it")
        expect(chat.message("it stays")).to_be_visible()
        own.get_by_role("button", name="Remove", exact=True).click()
        expect(chat.message(REMOVED)).to_be_visible()
        assert len(asked) == 2


def test_removing_needs_no_mouse(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """One stop of the Tab key for all own messages, arrow keys between them, Escape to think again."""
    with shared_server.user("grace", "keys", create=True):
        chat = open_chat(shared_server, "Ada", "keys")
        answer_removals(chat.page, {"status": 204})
        for text in ("one", "two", "three"):
            chat.say(text)
            expect(chat.message(text)).to_be_visible()
        button = {text: entry(chat, text).get_by_role("button", name="Remove this message") for text in ("one", "two")}
        keyboard = chat.page.keyboard
        chat.log.focus()
        keyboard.press("Tab")
        expect(entry(chat, "three").get_by_role("button", name="Remove this message")).to_be_focused()
        keyboard.press("ArrowUp")
        keyboard.press("ArrowUp")
        expect(button["one"]).to_be_focused()
        keyboard.press("ArrowDown")
        keyboard.press("Enter")
        keyboard.press("Escape")
        expect(button["two"]).to_be_focused()
        keyboard.press("Enter")
        keyboard.press("Tab")
        keyboard.press("Enter")
        expect(chat.message(REMOVED)).to_be_visible()
        expect(button["one"]).to_be_focused()
        assert chat.texts() == ["one", REMOVED, "three"]
        keyboard.press("Tab")
        expect(chat.composer).to_be_focused()


def test_what_others_take_back_goes_from_the_page_at_once(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """The text gives way to a note under the same name, and does not come back with a page that is read later."""
    with shared_server.user("grace", "others", create=True) as grace:
        seqs = grace.say("regretted", "meant", room="others")
        wire = Between()
        chat = open_chat(shared_server, "Ada", "others", between=wire)
        expect(chat.message("regretted")).to_be_visible()
        wire.say({"type": "events", "roomId": "others", "events": [redaction("others", seqs[-1] + 1, seqs[0])]})
        expect(chat.message(REMOVED)).to_be_visible()
        assert chat.texts() == [REMOVED, "meant"]
        expect(chat.log.locator(".author").first).to_have_text("grace")


def test_what_was_taken_back_before_one_came_is_a_note(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """History has it without its data; the event that took it back is no message, and nothing breaks."""
    with shared_server.user("grace", "earlier", create=True) as grace:
        seqs = grace.say(*(f"event {number}" for number in range(1, 121)), room="earlier")

        def blank(message: dict[str, Any]) -> None:
            events = message.get("history", message.get("events", []))
            for event in events if message["type"] in ("joined", "history") and message["roomId"] == "earlier" else []:
                if event["seq"] in (seqs[9], seqs[-1]):
                    event.update(data=None, redacted=True)
            if message["type"] == "joined" and message["roomId"] == "earlier":
                events.insert(0, redaction("earlier", seqs[-1] + 1, seqs[-1]))

        wire = Between()
        wire.change(blank)
        chat = open_chat(shared_server, "Ada", "earlier", between=wire)
        expect(chat.message(REMOVED)).to_have_count(1)
        chat.log.press("Home")
        expect(chat.message("event 1")).to_be_in_viewport()
        expect(chat.log.locator(f"[data-seq='{seqs[9]}'] .text")).to_have_text(REMOVED)
        assert [seq for seq in chat.seqs() if seq > seqs[-1]] == []


def test_a_recovery_says_what_was_removed_meanwhile(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """The line where the connection was lost tells it, and the text is gone."""
    with shared_server.user("grace", "meanwhile", create=True) as grace:
        seqs = grace.say("regretted", "meant", room="meanwhile")
        wire = Between()

        def recover(message: dict[str, Any]) -> None:
            if message["type"] != "joined" or message["roomId"] != "meanwhile" or "recovered" not in message:
                return
            newer = [event for event in message["history"] if event["seq"] > seqs[-1]]
            message["history"] = [redaction("meanwhile", seqs[-1] + 2, seqs[0]), *newer]
            message["position"]["seq"] = seqs[-1] + 2
            message["recovered"] = True

        wire.change(recover)
        chat = open_chat(shared_server, "Ada", "meanwhile", between=wire)
        expect(chat.message("regretted")).to_be_visible()
        wire.cut()
        grace.say("said meanwhile", room="meanwhile")
        marker = chat.log.locator(".marker")
        expect(marker).to_have_text(re.compile("Connection lost at .* — 1 message recovered, 1 removed"))
        assert chat.texts() == [REMOVED, "meant", "said meanwhile"]


def test_without_a_recovery_the_page_finds_out_what_was_removed(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """Nobody says it then: what is shown is compared with what the room has now."""
    with shared_server.user("grace", "compared", create=True) as grace:
        seqs = grace.say(*(f"event {number}" for number in range(1, 81)), room="compared")
        wire = Between()
        is_removed = False

        def blank(message: dict[str, Any]) -> None:
            if message["type"] == "history" and is_removed:
                for event in message["events"]:
                    if event["seq"] == seqs[40]:
                        event.update(data=None, redacted=True)
            if "recovered" in message:
                message["recovered"] = False
                message["history"] = [event for event in message["history"] if event["seq"] > seqs[70]]
                message["hasMore"] = True

        wire.change(blank)
        chat = open_chat(shared_server, "Ada", "compared", between=wire)
        shown = chat.log.locator(f"[data-seq='{seqs[40]}'] .text")
        expect(shown).to_have_text("event 41")
        is_removed = True
        wire.cut()
        grace.say("event 81", room="compared")
        expect(chat.message("event 81")).to_be_visible()
        expect(shown).to_have_text(REMOVED)


def test_what_one_takes_back_is_gone_for_everyone(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """With the real server: from the pages that are open, and from those that are opened later."""
    with shared_server.user("grace", "gone", create=True):
        ada = open_chat(shared_server, "Ada", "gone")
        bob = open_chat(shared_server, "Bob", "gone")
        ada.say("a secret")
        ada.say("no secret")
        expect(bob.message("no secret")).to_be_visible()
        own = entry(ada, "a secret").first
        own.hover()
        own.get_by_role("button", name="Remove this message").click()
        own.get_by_role("button", name="Remove", exact=True).click()
        expect(ada.message(REMOVED)).to_be_visible()
        expect(bob.message(REMOVED)).to_be_visible()
        expect(bob.log.locator(".author").first).to_have_text("Ada")
        bob.page.reload()
        expect(bob.message("no secret")).to_be_visible()
        assert bob.texts() == [REMOVED, "no secret"]
