"""Who is in a room, as the page shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from .between import Between

if TYPE_CHECKING:
    from tests.browser.conftest import OpenChat
    from tests.browser.people import ChatServer

pytestmark = pytest.mark.browser


def names(page: Page) -> list[str]:
    return page.locator("#member-list bdi").all_text_contents()


def test_it_lists_who_is_here_and_keeps_up(shared_server: ChatServer, open_chat: OpenChat) -> None:
    with shared_server.user("grace", "crew", create=True) as grace:
        ada = open_chat(shared_server, "Ada", "crew")
        bob = open_chat(shared_server, "Bob", "crew")
        bob.say("Here I am")
        expect(ada.message("Here I am")).to_be_visible()
        ada.page.get_by_role("button", name="Who is here").click()
        entries = ada.page.locator("#member-list li")
        expect(entries).to_have_count(3)
        assert sorted(names(ada.page)) == ["Ada", "Bob", "grace"]
        expect(entries.filter(has_text="(you)")).to_have_text(["AAda(you)"])
        bob.page.goto(f"{shared_server.url}#general")
        bob.page.reload()
        expect(entries).to_have_count(2)
        grace.ask("leave", roomId="crew")
        expect(entries).to_have_count(1)
        ada.page.keyboard.press("Escape")
        ada.page.get_by_role("button", name="Who is here").click()
        expect(entries).to_have_count(1)


def test_it_asks_again_when_the_connection_is_another(shared_server: ChatServer, open_chat: OpenChat) -> None:
    wire = Between()
    with shared_server.user("grace", "relief", create=True) as grace:
        ada = open_chat(shared_server, "Ada", "relief", between=wire)
        ada.page.get_by_role("button", name="Who is here").click()
        entries = ada.page.locator("#member-list li")
        expect(entries).to_have_count(2)
        wire.go_down()
        grace.ask("leave", roomId="relief")
        wire.come_up()
        expect(entries).to_have_count(1)
