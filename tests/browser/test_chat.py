"""The page as people use it: talking, rooms, names, mistakes, keyboard, phone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from .between import Between
from .people import until

if TYPE_CHECKING:
    from tests.browser.conftest import OpenChat
    from tests.browser.people import ChatServer

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def test_two_people_talk(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """What one sends the other sees, with the name, and each knows their own."""
    ada = open_chat(shared_server, "Ada")
    bob = open_chat(shared_server, "Bob")
    ada.say("Hello, Bob")
    expect(bob.message("Hello, Bob")).to_be_visible()
    bob.say("Hello, Ada")
    expect(ada.message("Hello, Ada")).to_be_visible()
    expect(ada.message("Hello, Bob")).to_have_count(1)
    said = bob.log.locator(".entry", has_text="Hello, Bob")
    expect(said.locator(".author")).to_have_text("Ada")
    expect(said).not_to_have_class(re.compile("is-own"))
    expect(ada.log.locator(".entry", has_text="Hello, Bob")).to_have_class(re.compile("is-own"))
    expect(ada.composer).to_have_value("")


def test_a_reload_finds_the_history_and_the_name(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """After a reload everything is there once, in order, and one is still the same person."""
    with shared_server.user("grace", "reload", create=True):
        chat = open_chat(shared_server, "Ada", "reload")
        for text in ("one", "two", "three"):
            chat.say(text)
            expect(chat.message(text)).to_have_count(1)
        chat.page.reload()
        expect(chat.message("three")).to_be_visible()
        assert chat.texts() == ["one", "two", "three"]
        expect(chat.log.locator(".entry.is-own")).to_have_count(3)
        expect(chat.composer).to_be_visible()
        expect(chat.page.locator("#me-name")).to_have_text("Ada")


def test_text_is_never_html(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """Texts, names and rooms are shown letter by letter, whatever they say."""
    evil = "<img src=x onerror=\"document.title='caught'\"><script>document.title='caught'</script>"
    with shared_server.user("grace") as grace:
        grace.ask("createRoom", room={"id": "evil", "name": f"room {evil}"})
    chat = open_chat(shared_server, f"A{evil}"[:40], "evil")
    chat.say(evil)
    expect(chat.message(evil)).to_be_visible()
    expect(chat.page.get_by_role("heading", level=1)).to_have_text(f"room {evil}")
    assert chat.page.locator("img").count() == 0
    assert chat.page.locator("body script").count() == 0
    assert "caught" not in chat.page.title().replace(evil, "")


def test_a_link_leads_outside_without_telling_from_where(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """Addresses in a text can be followed; nothing but http becomes a link."""
    chat = open_chat(shared_server)
    chat.say("see https://example.org/a?b=1. or javascript:alert(1)")
    link = chat.log.get_by_role("link")
    expect(link).to_have_count(1)
    expect(link).to_have_attribute("href", "https://example.org/a?b=1")
    expect(link).to_have_attribute("rel", re.compile("noopener"))


def test_a_refused_text_stays_and_says_why(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """A text that is too long comes back into the box with the reason beside it; made shorter it is sent."""
    chat = open_chat(shared_server)
    error = chat.page.locator("#composer-error")
    chat.say("x" * 2001)
    expect(error).to_contain_text("2,001 of 2,000 characters")
    expect(chat.composer).to_have_value("x" * 2001)
    expect(chat.composer).to_have_attribute("aria-invalid", "true")
    chat.composer.fill("short enough")
    chat.page.get_by_role("button", name="Try again").click()
    expect(chat.message("short enough")).to_be_visible()
    expect(error).to_be_hidden()


def test_a_text_far_too_long_does_not_cost_the_connection(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """What would not fit into a frame is refused in the page, and one goes on."""
    chat = open_chat(shared_server)
    chat.say("long " * 20_000)
    expect(chat.page.locator("#composer-error")).to_contain_text("too long")
    chat.say("still here")
    expect(chat.message("still here")).to_be_visible()
    chat.expect_connected()


def test_a_text_whose_connection_was_lost_on_its_way_is_sent_again(
    shared_server: ChatServer, open_chat: OpenChat
) -> None:
    """By itself, when the page is back: it is there once, and nobody was asked."""
    with shared_server.user("grace", "lost", create=True):
        wire = Between()
        wire.answer("trigger", lambda _: None)
        chat = open_chat(shared_server, "Ada", "lost", between=wire)
        chat.say("on its way")
        chat.say("and behind it")
        until(chat, lambda: bool(wire.messages()))
        wire.pass_on("trigger")
        wire.cut()
        expect(chat.message("and behind it")).to_be_visible()
        assert chat.texts() == ["on its way", "and behind it"]
        expect(chat.page.locator("#composer-error")).to_be_hidden()
        keys = [request.get("key") for request in wire.messages()]
        assert keys[0] == keys[1] is not None


def test_a_text_that_was_not_answered_is_tried_again_without_a_repeat(
    shared_server: ChatServer, open_chat: OpenChat
) -> None:
    """The page says that nobody knows, and trying again has the same key and payload."""
    with shared_server.user("grace", "unanswered", create=True):
        wire = Between()
        wire.answer("trigger", lambda _: None)
        chat = open_chat(shared_server, "Ada", "unanswered", between=wire)
        chat.page.clock.install()
        chat.say("heard?")
        until(chat, lambda: bool(wire.messages()))
        chat.page.clock.fast_forward(10_001)
        expect(chat.page.locator("#composer-error")).to_contain_text("Perhaps not sent: trying again sends it once.")
        chat.page.get_by_role("button", name="Try again").click()
        until(chat, lambda: len(wire.messages()) == 2)
        first, second = wire.messages()
        assert (first["key"], first["data"]) == (second["key"], second["data"])


def test_a_room_is_made_shared_and_deleted(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """A new room opens at once, its address can be given to others, and its maker may delete it."""
    ada = open_chat(shared_server, "Ada")
    bob = open_chat(shared_server, "Bob")
    ada.page.get_by_role("button", name="Create a room").click()
    ada.page.get_by_label("Name of the new room").fill("Tea & cake")
    ada.page.get_by_role("button", name="Create", exact=True).click()
    expect(ada.page.get_by_role("heading", level=1)).to_have_text("Tea & cake")
    expect(ada.log).to_contain_text("Nothing has been said here yet")
    ada.say("first")
    expect(bob.page.get_by_role("link", name="Tea & cake")).to_be_visible()
    bob.page.goto(ada.page.url)
    expect(bob.message("first")).to_be_visible()
    expect(bob.page.get_by_role("button", name="Delete the room Tea & cake")).to_have_count(0)
    ada.page.get_by_role("button", name="Delete the room Tea & cake").click()
    ada.page.get_by_role("dialog").get_by_role("button", name="Delete the room").click()
    expect(ada.page.get_by_role("link", name="Tea & cake")).to_have_count(0)
    expect(bob.page.get_by_role("heading", name="This room was deleted")).to_be_visible()
    bob.page.get_by_role("link", name="Go to the first room").click()
    expect(bob.page.get_by_role("heading", level=1)).to_have_text("General Chat")


def test_an_address_of_no_room_says_so(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """A link to a room that is not there is explained, and leads to one that is."""
    chat = open_chat(shared_server, None, "nowhere")
    expect(chat.page.get_by_role("heading", name="There is no such room")).to_be_visible()
    chat.page.get_by_role("link", name="Go to the first room").click()
    expect(chat.log).to_be_visible()


def test_other_rooms_say_that_something_is_new(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """What is said in an opened room while one is in another is counted in the list, until one looks."""
    with shared_server.user("grace", "quiet", create=True) as grace:
        chat = open_chat(shared_server, "Ada", "quiet")
        chat.page.get_by_role("link", name="General Chat").click()
        expect(chat.page.get_by_role("heading", level=1)).to_have_text("General Chat")
        grace.say("anybody?", "hello?", room="quiet")
        badge = chat.page.locator(".room-list li", has_text="quiet").locator(".badge")
        expect(badge).to_have_text("2")
        chat.page.get_by_role("link", name="quiet").click()
        expect(chat.message("hello?")).to_have_count(1)
        expect(badge).to_be_hidden()


def test_everything_can_be_done_with_the_keyboard(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """Giving a name, writing two lines, making a room, reading from the beginning: without a mouse."""
    chat = open_chat(shared_server, None)
    keyboard = chat.page.keyboard
    expect(chat.page.get_by_label("What should the others call you?")).to_be_focused()
    keyboard.type("Kay")
    keyboard.press("Enter")
    expect(chat.composer).to_be_focused()
    keyboard.type("first line")
    keyboard.press("Shift+Enter")
    keyboard.type("second line")
    keyboard.press("Enter")
    expect(chat.message("first line second line")).to_be_visible()
    skip_link = chat.page.get_by_role("link", name="Skip to writing a message")
    for _ in range(20):
        if skip_link.evaluate("link => link === document.activeElement"):
            break
        keyboard.press("Shift+Tab")
    expect(skip_link).to_be_focused()
    keyboard.press("Tab")
    expect(chat.page.get_by_role("button", name="Create a room")).to_be_focused()
    keyboard.press("Enter")
    expect(chat.page.get_by_label("Name of the new room")).to_be_focused()
    keyboard.type("By hand")
    keyboard.press("Enter")
    expect(chat.page.get_by_role("heading", level=1)).to_have_text("By hand")
    expect(chat.composer).to_be_focused()


def test_the_parts_are_named_for_screen_readers(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """The log is a polite live region with the room's name, and every button says what it does."""
    chat = open_chat(shared_server)
    expect(chat.log).to_have_accessible_name("Messages in General Chat")
    expect(chat.log).to_have_attribute("aria-live", "polite")
    expect(chat.composer).to_have_accessible_name(re.compile("Message"))
    for button in chat.page.locator("button:visible").all():
        expect(button).to_have_accessible_name(re.compile(r"\w"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_wider_than_the_screen(
    shared_server: ChatServer, open_chat: OpenChat, scheme: str
) -> None:
    """Long words do not widen the page, and the rooms are a drawer that closes behind one."""
    chat = open_chat(shared_server, "Ada", color_scheme=scheme, **PHONE)
    chat.say("unbreakable" * 100)
    expect(chat.message("unbreakable" * 100).last).to_be_visible()
    widths = "() => [document.documentElement.scrollWidth, document.querySelector('.log').scrollWidth]"
    assert chat.page.evaluate(widths) == [390, 390]
    rooms = chat.page.get_by_role("navigation", name="Rooms")
    expect(rooms).to_be_hidden()
    chat.page.get_by_role("button", name="Show the rooms").click()
    expect(rooms).to_be_visible()
    chat.page.get_by_role("link", name="General Chat").click()
    expect(rooms).to_be_hidden()


def test_colours_follow_the_system_until_one_chooses(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """Dark where the system is; the choice is kept over a reload."""
    chat = open_chat(shared_server, color_scheme="dark")
    background = "() => getComputedStyle(document.body).backgroundColor"
    dark = chat.page.evaluate(background)
    chat.page.get_by_role("button", name="Colours: as the system has them").click()
    expect(chat.page.get_by_role("button", name="Colours: light")).to_be_visible()
    light = chat.page.evaluate(background)
    assert light != dark
    chat.page.reload()
    chat.expect_connected()
    assert chat.page.evaluate(background) == light
