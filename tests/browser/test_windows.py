"""Two windows of one browser: whose is which."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from .people import ChatPage

if TYPE_CHECKING:
    from tests.browser.conftest import OpenChat
    from tests.browser.people import ChatServer

pytestmark = pytest.mark.browser


def second_window(chat: ChatPage) -> ChatPage:
    page = chat.page.context.new_page()
    page.goto(chat.page.url)
    other = ChatPage(page)
    other.expect_connected()
    return other


def author_of(chat: ChatPage, text: str) -> str:
    entry = chat.log.locator(".entry", has=chat.page.locator(".text", has_text=text))
    return entry.locator(".author").text_content() or ""


def test_a_second_window_is_told_whose_it_is(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """Before anything is written; once something was, it is known."""
    chat = open_chat(shared_server, "Ada")
    other = second_window(chat)
    told = other.page.locator("#whose")
    expect(told).to_contain_text("You write as Ada in this window too.")
    expect(chat.page.locator("#whose")).to_be_hidden()
    other.say("from the second window")
    expect(chat.message("from the second window")).to_be_visible()
    expect(told).to_be_hidden()
    other.page.reload()
    other.expect_connected()
    expect(other.composer).to_be_visible()
    expect(told).to_be_hidden()


def test_a_name_that_one_window_gives_is_shown_and_sent_by_all(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """What a window shows as one's name is what it sends."""
    chat = open_chat(shared_server, "Ada")
    other = second_window(chat)
    other.page.get_by_role("button", name="Change your name").click()
    other.page.get_by_label("What should the others call you?").fill("Countess")
    other.page.get_by_role("button", name="Save").click()
    expect(chat.page.locator("#me-name")).to_have_text("Countess")
    expect(chat.page.locator("#announcer")).to_contain_text("You are Countess now")
    chat.say("from the first, renamed")
    expect(other.message("from the first, renamed")).to_be_visible()
    assert author_of(other, "from the first, renamed") == "Countess"


def test_a_window_can_be_somebody_else(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """Another user under another name, in this window alone, also after a reload; the two talk to each other."""
    chat = open_chat(shared_server, "Ada")
    other = second_window(chat)
    other.page.get_by_role("button", name="Be somebody else here").click()
    name = other.page.get_by_label("What should the others call you?")
    expect(name).to_be_focused()
    expect(other.page.get_by_label("In this window alone, as another person")).to_be_checked()
    name.fill("Bob")
    other.page.keyboard.press("Enter")
    expect(other.page.locator("#me-name")).to_have_text("Bob")
    expect(chat.page.locator("#me-name")).to_have_text("Ada")
    other.expect_connected()
    chat.say("Who is there?")
    expect(other.message("Who is there?")).to_be_visible()
    other.say("It is me")
    answer = chat.log.locator(".entry", has_text="It is me")
    expect(answer).to_be_visible()
    expect(answer).not_to_have_class("is-own")
    assert author_of(chat, "It is me") == "Bob"
    other.page.reload()
    expect(other.page.locator("#me-name")).to_have_text("Bob")
    assert author_of(other, "Who is there?") == "Ada"
