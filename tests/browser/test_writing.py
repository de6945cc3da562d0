"""Writing: what waits for the connection, what may have been sent, what is pasted, and who else writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from .between import Between
from .people import until

if TYPE_CHECKING:
    from tests.browser.conftest import OpenChat
    from tests.browser.people import ChatServer

pytestmark = pytest.mark.browser


def test_what_waits_for_the_connection_can_be_taken_back(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """It says how many wait; taken back, they stand in the box in order, and nothing is sent."""
    with shared_server.user("grace", "waiting", create=True):
        wire = Between()
        chat = open_chat(shared_server, "Ada", "waiting", between=wire)
        wire.go_down()
        expect(chat.page.get_by_role("status")).to_have_text("Reconnecting…")
        chat.say("first")
        chat.say("second")
        waiting = chat.page.locator("#composer-waiting")
        expect(waiting).to_contain_text("2 messages wait")
        waiting.get_by_role("button", name="Take back").click()
        expect(chat.composer).to_have_value("first\nsecond")
        expect(chat.composer).to_be_focused()
        expect(waiting).to_be_hidden()
        wire.come_up()
        chat.expect_connected()
        assert wire.messages() == []


def test_what_waits_survives_a_reload_and_is_sent_by_itself(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """Once, under the name that it was written under."""
    with shared_server.user("grace", "patient", create=True):
        wire = Between()
        chat = open_chat(shared_server, "Ada", "patient", between=wire)
        wire.go_down()
        expect(chat.page.get_by_role("status")).to_have_text("Reconnecting…")
        chat.say("patience")
        expect(chat.page.locator("#composer-waiting")).to_be_visible()
        chat.page.reload()
        wire.come_up()
        expect(chat.message("patience")).to_have_count(1)
        assert [message["data"] for message in wire.messages()] == [{"text": "patience", "username": "Ada"}]


def test_where_there_will_be_no_connection_what_waits_comes_back(
    shared_server: ChatServer, open_chat: OpenChat
) -> None:
    """Removed by an administrator: the text is in the box, with why it was not sent."""
    with shared_server.user("grace", "removed", create=True):
        wire = Between()
        wire.answer("trigger", lambda _: None)
        chat = open_chat(shared_server, "Ada", "removed", between=wire)
        wire.go_down()
        expect(chat.page.get_by_role("status")).to_have_text("Reconnecting…")
        chat.say("too late")
        expect(chat.page.locator("#composer-waiting")).to_be_visible()
        wire.answer("connect", lambda _: None)
        wire.come_up()
        until(chat, lambda: len([request for request in wire.asked if request["type"] == "connect"]) == 2)
        wire.close(4403, "removed by an administrator")
        expect(chat.page.get_by_role("status")).to_have_text("Not connected")
        expect(chat.composer).to_have_value("too late")
        expect(chat.page.locator("#composer-error")).to_contain_text("Not sent.")


def test_a_text_perhaps_not_sent_survives_a_reload(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """It stands in the box with what it is, and trying again has the same key, so that it is kept once."""
    with shared_server.user("grace", "perhaps", create=True):
        wire = Between()
        wire.answer("trigger", lambda _: None)
        chat = open_chat(shared_server, "Ada", "perhaps", between=wire)
        chat.say("heard?")
        until(chat, lambda: bool(wire.messages()))
        chat.page.reload()
        chat.expect_connected()
        expect(chat.composer).to_have_value("heard?")
        expect(chat.page.locator("#composer-error")).to_contain_text("Perhaps not sent: trying again sends it once.")
        wire.pass_on("trigger")
        chat.page.get_by_role("button", name="Try again").click()
        expect(chat.message("heard?")).to_have_count(1)
        first, second = wire.messages()
        assert (first["key"], first["data"]) == (second["key"], second["data"])


def test_a_draft_survives_a_reload(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """Each room has its own."""
    with shared_server.user("grace", "drafts", create=True):
        chat = open_chat(shared_server, "Ada", "drafts")
        chat.composer.fill("half a thought")
        chat.page.get_by_role("link", name="General Chat").click()
        expect(chat.composer).to_have_value("")
        chat.page.go_back()
        expect(chat.composer).to_have_value("half a thought")
        chat.page.reload()
        expect(chat.composer).to_have_value("half a thought")


def test_the_indentation_of_what_is_pasted_stays(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """Of its first line too, in what is sent and in what is shown; empty lines around it go."""
    with shared_server.user("grace", "code", create=True):
        wire = Between()
        chat = open_chat(shared_server, "Ada", "code", between=wire)
        chat.say("\n  \n    if tea:\n\tdrink()\n\n")
        text = chat.log.locator(".text")
        expect(text).to_have_count(1)
        assert text.text_content() == "    if tea:\n\tdrink()"
        assert text.evaluate("text => getComputedStyle(text).whiteSpace") == "pre-wrap"
        assert wire.messages()[0]["data"]["text"] == "    if tea:\n\tdrink()"


def test_a_text_is_counted_before_it_is_sent(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """As the room takes it; what is too long stays in the box, and the server is not asked."""
    wire = Between()
    chat = open_chat(shared_server, between=wire)
    chat.composer.fill("x" * 1_700)
    count = chat.page.locator("#composer-count")
    expect(count).to_have_text("")
    chat.composer.fill("x" * 1_999)
    expect(count).to_have_text("1,999 / 2,000")
    chat.say("ü" * 2_001)
    expect(chat.page.locator("#composer-error")).to_contain_text("too long: 2,001 of 2,000 characters")
    expect(chat.composer).to_have_value("ü" * 2_001)
    assert wire.messages() == []


def test_one_sees_who_is_writing(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """Until the message comes, or for some seconds; oneself is not told, and it is said now and then only."""
    with shared_server.user("grace", "typing", create=True) as grace:
        wire = Between()
        ada = open_chat(shared_server, "Ada", "typing", between=wire)
        bob = open_chat(shared_server, "Bob", "typing")
        bob.page.clock.install()
        typing = bob.page.locator("#typing")
        ada.composer.press_sequentially("Hello")
        expect(typing).to_have_text("Ada is writing…")
        expect(ada.page.locator("#typing")).to_have_text("")
        assert len([request for request in wire.asked if request.get("event") == "typing"]) == 1
        grace.publish("typing", {"username": "Grace"}, "typing")
        expect(typing).to_have_text("Ada and Grace are writing…")
        ada.composer.press("Enter")
        expect(typing).to_have_text("Grace is writing…")
        bob.page.clock.fast_forward(7_001)
        expect(typing).to_have_text("")
        assert bob.texts() == ["Hello"]


def test_a_room_without_such_an_event_is_not_told(shop: ChatServer, open_chat: OpenChat) -> None:
    """The page says nothing that the room does not allow."""
    wire = Between()
    chat = open_chat(shop, "Ada", "a-desk", between=wire)
    chat.say("hello")
    expect(chat.message("hello")).to_be_visible()
    said: list[dict[str, Any]] = [request for request in wire.asked if request["type"] == "trigger"]
    assert [request["event"] for request in said] == ["message"]
