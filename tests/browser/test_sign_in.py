"""The page on a server that knows its users by their tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import time

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from ..adapters.auth.signing import SECRET, token
from ..support.server_process import ServerProcess


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The chat, for those who have a token."""
    settings = {"DIALOGUE_AUTH": "jwt", "DIALOGUE_JWT_KEY": SECRET, "DIALOGUE_JWT_LEEWAY_S": "0"}
    running = ServerProcess.of_chat(tmp_path_factory.mktemp("known"), settings)
    try:
        yield running.start()
        assert running.faults == []
    finally:
        running.kill()


def sign_in(page: Page, what: str) -> None:
    page.get_by_label("This server wants to know who you are").fill(what)
    page.get_by_role("button", name="Sign in").click()


def say(page: Page, text: str) -> None:
    page.get_by_label("What should the others call you?").fill("Ada")
    page.get_by_role("button", name="Start chatting").click()
    page.get_by_role("textbox", name="Message").fill(text)
    page.keyboard.press("Enter")
    expect(page.locator(".entry", has_text=text)).to_be_visible()


def test_who_has_no_token_is_asked_for_one_and_told_what_is_wrong_with_it(
    server: ServerProcess, contexts: Callable[..., BrowserContext]
) -> None:
    page = contexts().new_page()
    page.goto(server.http)
    form = page.locator("#sign-in")
    expect(form).to_be_visible()
    expect(page.locator("#sign-in-error")).to_be_empty()
    sign_in(page, token(sub="ada", exp=1))
    expect(form).to_contain_text("The token has run out")
    sign_in(page, token(sub="ada"))
    expect(page.locator("#status")).to_have_text("Connected")
    expect(form).to_be_hidden()
    say(page, "it is me")
    page.reload()  # the window remembers
    expect(page.locator("#status")).to_have_text("Connected")
    expect(page.locator(".entry", has_text="it is me")).to_be_visible()
    another = page.context.new_page()  # and no other one does
    another.goto(server.http)
    expect(another.locator("#sign-in")).to_be_visible()


def test_a_token_in_the_address_is_taken_out_of_it(
    server: ServerProcess, contexts: Callable[..., BrowserContext]
) -> None:
    page = contexts().new_page()
    page.goto(f"{server.http}/#token={token(sub='eve')}")
    expect(page.locator("#status")).to_have_text("Connected")
    assert "token" not in page.evaluate("location.href")
    say(page, "from the address")


def test_when_it_has_run_out_another_one_is_asked_for(
    server: ServerProcess, contexts: Callable[..., BrowserContext]
) -> None:
    page = contexts().new_page()
    page.goto(server.http)
    expect(page.locator("#sign-in")).to_be_visible()  # so the page's own loading takes nothing of the token's life
    sign_in(page, token(sub="bob", exp=time() + 6))
    expect(page.locator("#status")).to_have_text("Connected")
    expect(page.locator("#sign-in")).to_contain_text("The token has run out")
    sign_in(page, token(sub="bob"))
    expect(page.locator("#status")).to_have_text("Connected")
    expect(page.locator("#sign-in")).to_be_hidden()
