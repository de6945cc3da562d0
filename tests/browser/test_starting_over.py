"""The server could not continue: the page shows nothing that it no longer has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from .between import Between, Planted
from .people import ChatPage

if TYPE_CHECKING:
    from tests.browser.conftest import OpenChat
    from tests.browser.people import ChatServer

pytestmark = pytest.mark.browser

KEEPS_WHAT_WAS_SHOWN = Planted(
    "page/timeline.js",
    'this.#window.replace(run, { hasOlder: hasMore, hasNewer: false, show: "newest" });\n    if (livesOn)',
    "for (const event of run) this.receive(event);\n    if (livesOn)",
)
SECRETS = [f"secret {number}" for number in range(1, 17)]


def miss_more_than_a_recovery_gives(shop: ChatServer, chat: ChatPage, wire: Between, room: str) -> None:
    """All that is shown as a secret is redacted while the page is away, and very much is said."""
    wire.go_down()
    expect(chat.page.get_by_role("status")).to_have_text("Reconnecting…")
    with shop.user("grace", room) as grace:
        newest = grace.ask("getHistory", roomId=room, limit=1000)["events"]
        for event in newest:
            if str(event["data"] and event["data"].get("text")).startswith("secret"):
                headers = {"X-User-Id": "grace"}
                answer = chat.page.request.delete(f"{shop.url}rooms/{room}/events/{event['seq']}", headers=headers)
                assert answer.ok
        for number in range(1, 1101):
            grace.ask("trigger", roomId=room, event="message", data={"text": f"later {number}"})
    wire.come_up()
    chat.expect_connected()


def open_with_secrets(
    shop: ChatServer, open_chat: OpenChat, wire: Between, room: str, planted: Planted | None = None
) -> ChatPage:
    with shop.user("grace", room) as grace:
        for text in [*(f"before {number}" for number in range(1, 35)), *SECRETS]:
            grace.ask("trigger", roomId=room, event="message", data={"text": text})
    chat = open_chat(shop, "Ada", room, between=wire, planted=planted)
    expect(chat.message("secret 16")).to_be_visible()
    return chat


def shows_no_secret(chat: ChatPage) -> bool:
    expect(chat.message("later 1100")).to_be_in_viewport()
    return not set(chat.texts()) & set(SECRETS)


def test_what_was_redacted_meanwhile_is_not_shown(shop: ChatServer, open_chat: OpenChat) -> None:
    """With retention, and more missed than a recovery gives: nobody says which events were redacted."""
    wire = Between()
    chat = open_with_secrets(shop, open_chat, wire, "short")
    miss_more_than_a_recovery_gives(shop, chat, wire, "short")
    assert shows_no_secret(chat)
    seqs = chat.seqs()
    assert seqs == sorted(seqs)


def test_a_page_that_keeps_what_it_showed_is_found(shop: ChatServer, open_chat: OpenChat) -> None:
    """The check above fails where the mend is switched off."""
    wire = Between()
    chat = open_with_secrets(shop, open_chat, wire, "old", KEEPS_WHAT_WAS_SHOWN)
    miss_more_than_a_recovery_gives(shop, chat, wire, "old")
    assert not shows_no_secret(chat)


def test_a_reader_further_up_keeps_the_place_and_sees_what_is_there_now(
    shared_server: ChatServer, open_chat: OpenChat
) -> None:
    """The window is fetched anew around the place, and what comes below is counted."""
    with shared_server.user("grace", "further", create=True) as grace:
        seqs = grace.say(*(f"event {number}" for number in range(1, 301)), room="further")
        wire = Between()
        chat = open_chat(shared_server, "Ada", "further", between=wire)
        chat.log.press("Home")
        expect(chat.message("event 1")).to_be_in_viewport()
        wire.go_down()
        expect(chat.page.get_by_role("status")).to_have_text("Reconnecting…")
        url = f"{shared_server.url}rooms/further/events/{seqs[1]}"
        assert chat.page.request.delete(url, headers={"X-User-Id": "grace"}).ok
        grace.say(*(f"later {number}" for number in range(1, 1101)), room="further")
        wire.come_up()
        chat.expect_connected()
        expect(chat.log.locator(f"[data-seq='{seqs[1]}'] .text")).to_have_text("Message removed")
        expect(chat.message("event 1")).to_be_in_viewport()
        expect(chat.page.locator(".jump")).to_have_text("1,101 new messages ↓")
