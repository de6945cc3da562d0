"""The page in front of an application of which it knows nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from .between import Between
from .people import ChatPage

if TYPE_CHECKING:
    from tests.browser.conftest import OpenChat
    from tests.browser.people import ChatServer

pytestmark = pytest.mark.browser


def heading(chat: ChatPage) -> Any:
    return chat.page.get_by_role("heading", level=1)


def test_it_opens_the_first_room_that_there_is(shop: ChatServer, open_chat: OpenChat) -> None:
    """No room is called "general" here; an address without a room leads to the first one of the list."""
    chat = open_chat(shop, None)
    expect(heading(chat)).to_have_text("The desk")
    expect(chat.log).to_be_visible()


def test_a_server_without_rooms_says_so_and_opens_the_first_that_is_made(shop: ChatServer, open_chat: OpenChat) -> None:
    """An empty list is no fault, and the page need not be loaded anew."""
    wire = Between()
    wire.change(lambda message: message.update(rooms=[]) if message["type"] == "rooms" else None)
    chat = open_chat(shop, None, between=wire)
    expect(chat.page.get_by_role("heading", name="There is no room yet")).to_be_visible()
    wire.say({"type": "roomCreated", "room": {"id": "orders", "name": "Orders", "size": 0}})
    expect(chat.log).to_be_visible()
    expect(heading(chat)).to_have_text("Orders")


def test_events_of_any_shape_are_shown_folded_with_their_names(shop: ChatServer, open_chat: OpenChat) -> None:
    """An object, a list and a text with more fields: the name, the beginning, and all of it when one opens it."""
    with shop.user("grace", "orders") as grace:
        grace.publish("order.placed", {"number": 7, "items": ["tea", "cake"]}, "orders")
        grace.publish("anything", [1, {"deep": "<b>"}], "orders")
        grace.publish("anything", {"text": "with more", "colour": "red"}, "orders")
        chat = open_chat(shop, None, "orders")
        order = chat.log.locator(".entry", has_text="order.placed")
        expect(order.locator(".preview")).to_have_text('{"number":7,"items":["tea","cake"]}')
        expect(order.locator(".json")).to_have_count(0)
        order.locator("summary").focus()
        chat.page.keyboard.press("Enter")
        expect(order.locator(".json")).to_have_text('{\n  "number": 7,\n  "items": [\n    "tea",\n    "cake"\n  ]\n}')
        expect(chat.log.locator(".preview", has_text='[1,{"deep":"<b>"}]')).to_be_visible()
        mixed = chat.log.locator(".entry", has_text="with more")
        expect(mixed.locator(".text")).to_have_text("with more")
        expect(mixed.locator(".event-name").first).to_have_text("anything")
        expect(mixed.locator(".preview")).to_have_text('{"colour":"red"}')


def test_events_without_history_are_shown_while_they_happen(shop: ChatServer, open_chat: OpenChat) -> None:
    """A pointer that moves a hundred times is one entry that says how often; a reload does not bring it back."""
    with shop.user("grace", "orders") as grace:
        chat = open_chat(shop, None, "orders")
        for place in range(100):
            grace.publish("pointer", {"x": place}, "orders")
        passing = chat.log.locator(".entry.is-passing")
        expect(passing).to_have_count(1)
        expect(passing.locator(".preview")).to_have_text('{"x":99}')
        expect(passing.locator(".times")).to_have_text("×100")
        chat.page.reload()
        chat.expect_connected()
        grace.publish("order.placed", {"number": 8, "items": []}, "orders")
        expect(chat.log.locator(".preview", has_text='"number":8')).to_be_visible()
        expect(passing).to_have_count(0)


def test_only_what_the_server_allows_is_offered(shop: ChatServer, open_chat: OpenChat) -> None:
    """No "+" where rooms cannot be made; no composer and no question for a name where nothing can be said."""
    chat = open_chat(shop, None, "orders")
    expect(chat.page.locator("#read-only")).to_be_visible()
    expect(chat.composer).to_be_hidden()
    expect(chat.page.get_by_label("What should the others call you?")).to_be_hidden()
    expect(chat.page.get_by_role("button", name="Create a room")).to_be_hidden()
    chat.page.get_by_role("link", name="Calls").click()
    expect(heading(chat)).to_have_text("Calls")
    expect(chat.page.locator("#read-only")).to_be_visible()
    chat.page.get_by_role("link", name="The desk").click()
    expect(chat.page.get_by_label("What should the others call you?")).to_be_visible()


def test_whether_rooms_can_be_made_is_told_with_the_list(shop: ChatServer, open_chat: OpenChat) -> None:
    """The page makes none to find out."""
    wire = Between()
    chat = open_chat(shop, None, between=wire)
    expect(chat.page.locator(".room-list li")).to_have_count(6)
    expect(chat.page.get_by_role("button", name="Create a room")).to_be_hidden()
    assert "createRoom" not in {request["type"] for request in wire.asked}


def test_a_message_takes_the_form_that_the_room_gives_it(shop: ChatServer, open_chat: OpenChat) -> None:
    """This room's messages have no name and 40 characters: the page counts them, and sends nothing that is longer."""
    wire = Between()
    chat = open_chat(shop, "Ada", "a-desk", between=wire)
    chat.say("x" * 41)
    expect(chat.page.locator("#composer-error")).to_contain_text("too long: 41 of 40 characters")
    expect(chat.page.locator("#composer-count")).to_have_text("41 / 40")
    expect(chat.page.locator("#composer-count")).to_have_class(re.compile("is-over"))
    assert wire.messages() == []
    chat.say("x" * 40)
    expect(chat.message("x" * 40)).to_be_visible()
    assert wire.messages()[0]["data"] == {"text": "x" * 40}


def test_a_room_of_any_event_takes_messages_as_its_pattern_has_them(shop: ChatServer, open_chat: OpenChat) -> None:
    chat = open_chat(shop, "Ada", "pinboard")
    chat.say("x" * 41)
    expect(chat.page.locator("#composer-error")).to_contain_text("too long: 41 of 40 characters")
    chat.say("pinned")
    expect(chat.message("pinned")).to_be_visible()
    with shop.user("grace", "pinboard") as grace:
        grace.publish("sketch", {"text": "by grace"}, "pinboard")
        expect(chat.log.locator(".entry", has_text="by grace").locator(".event-name").first).to_have_text("sketch")


@pytest.mark.parametrize("room", ["composer-text", "stage", "sidebar", "drivers/65", "ä/ö", "100%", "a b", "#", "?x=1"])
def test_a_room_may_have_any_id(shared_server: ChatServer, open_chat: OpenChat, room: str) -> None:
    """Also that of an element of the page: it is opened by its link and by its address, and taken back in."""
    with shared_server.user("grace", room, create=True) as grace:
        grace.say("from grace", room=room)
        chat = open_chat(shared_server, "Ada")
        chat.page.locator(f'.room-list a[title="{room}"]').click()
        expect(heading(chat)).to_have_text(room)
        expect(chat.message("from grace")).to_be_visible()
        chat.say("a slip")
        own = chat.log.locator(".entry.is-own")
        own.hover()
        own.get_by_role("button", name="Remove this message").click()
        own.get_by_role("button", name="Remove", exact=True).click()
        expect(chat.message("Message removed")).to_be_visible()
        chat.page.reload()
        expect(heading(chat)).to_have_text(room)
        expect(chat.message("from grace")).to_be_visible()
        grace.ask("deleteRoom", roomId=room)


def test_who_one_is_is_the_server_s_to_say(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """Where an authenticator knows better than the page, one's own messages are those of the user that it knows."""
    with shared_server.user("grace", "identity", create=True) as grace:
        grace.say("hers", room="identity")
        wire = Between()
        wire.change(lambda message: message.update(userId="grace") if message["type"] == "connected" else None)
        chat = open_chat(shared_server, "Ada", "identity", between=wire)
        expect(chat.log.locator(".entry", has_text="hers")).to_have_class(re.compile("is-own"))
        expect(chat.page.get_by_role("button", name="Delete the room identity")).to_have_count(1)
