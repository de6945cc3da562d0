"""The server dies and comes back: the page goes on by itself, with every event once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import OpenChat
    from tests.browser.people import ChatServer

pytestmark = pytest.mark.browser


def numbered(count: int, first: int = 1) -> list[str]:
    return [f"event {number}" for number in range(first, first + count)]


def test_the_page_goes_on_after_kill_9_with_every_event_once(server: ChatServer, open_chat: OpenChat) -> None:
    """Killed and started again, the server has lost nothing, and the page shows the old and the new, each once."""
    chat = open_chat(server)
    server.say(*numbered(5))
    chat.say("mine")
    expect(chat.message("mine")).to_have_count(1)
    server.kill()
    expect(chat.page.get_by_role("status")).to_have_text("Reconnecting…")
    expect(chat.log.locator(".marker")).to_contain_text("reconnecting")
    with server.elsewhere():
        server.say(*numbered(3, first=6))
    server.start()
    chat.expect_connected()
    expect(chat.message("event 8")).to_be_in_viewport()
    expect(chat.log.locator(".marker")).to_have_text(re.compile("Connection lost at .* — 3 messages recovered"))
    chat.say("mine again")
    expect(chat.message("mine again")).to_have_count(1)
    server.say("event 9")
    expect(chat.message("event 9")).to_have_count(1)
    texts = [*numbered(5), "mine", *numbered(3, first=6), "mine again", "event 9"]
    assert chat.texts() == texts
    assert chat.seqs() == list(range(1, len(texts) + 1))


def test_a_text_sent_without_a_connection_is_kept_and_sent_later(server: ChatServer, open_chat: OpenChat) -> None:
    """The page says that it waits, and sends it by itself, once."""
    chat = open_chat(server)
    server.kill()
    expect(chat.page.get_by_role("status")).to_have_text("Reconnecting…")
    chat.say("important")
    expect(chat.page.locator("#composer-waiting")).to_contain_text("1 message waits")
    server.start()
    chat.expect_connected()
    expect(chat.message("important")).to_have_count(1)
    expect(chat.page.locator("#composer-waiting")).to_be_hidden()
    expect(chat.composer).to_have_value("")


def test_more_missed_than_the_server_gives_back_is_found_by_scrolling(server: ChatServer, open_chat: OpenChat) -> None:
    """After a long absence the newest events are shown, and scrolling up leads over the gap without a hole."""
    chat = open_chat(server)
    server.say(*numbered(20))
    expect(chat.message("event 20")).to_be_visible()
    server.kill()
    with server.elsewhere():
        server.say(*numbered(1500, first=21))
    server.start()
    expect(chat.message("event 1520")).to_be_in_viewport()
    chat.expect_connected()
    chat.log.press("Home")
    expect(chat.message("event 1")).to_be_in_viewport()
    chat.log.press("End")
    expect(chat.message("event 1520")).to_be_in_viewport()
    seqs = chat.seqs()
    assert seqs == list(range(seqs[0], 1521))


def test_a_reader_in_the_middle_keeps_the_place(server: ChatServer, open_chat: OpenChat) -> None:
    """Whoever reads further up is not thrown down when the connection is back; what came waits below."""
    server.say(*numbered(200))
    chat = open_chat(server)
    expect(chat.message("event 200")).to_be_visible()
    chat.log.press("Home")
    expect(chat.message("event 1")).to_be_in_viewport()
    server.kill()
    expect(chat.page.get_by_role("status")).to_have_text("Reconnecting…")
    with server.elsewhere():
        server.say(*numbered(2, first=201))
    server.start()
    chat.expect_connected()
    expect(chat.page.get_by_role("button", name="2 new messages")).to_be_visible()
    expect(chat.message("event 1")).to_be_in_viewport()
    chat.page.get_by_role("button", name="2 new messages").click()
    expect(chat.message("event 202")).to_be_in_viewport()


def test_a_reload_after_the_restart_finds_everything(server: ChatServer, open_chat: OpenChat) -> None:
    """What was answered for before the kill is in the history of a page that is opened afterwards."""
    server.say(*numbered(120))
    server.kill()
    server.start()
    chat = open_chat(server)
    expect(chat.message("event 120")).to_be_visible()
    chat.log.press("Home")
    expect(chat.message("event 1")).to_be_in_viewport()


def test_what_was_in_flight_at_a_kill_is_kept_once_and_in_order(server: ChatServer, open_chat: OpenChat) -> None:
    """The client sends again what was not answered; the server knows the keys of what it had kept."""
    chat = open_chat(server)
    chat.page.evaluate(
        """async () => {
          const { createDialogueClient } = await import("/client.js");
          const reconnect = { minDelayMs: 50, maxDelayMs: 200 };
          const options = { url: location.origin, auth: { userId: "x" }, reconnect, requestTimeoutMs: 120_000 };
          const client = createDialogueClient(options);
          await client.connect();
          const room = await client.join("general");
          const say = (_, n) => room.trigger("message", { text: `${n}`, username: "x" });
          const answers = Array.from({ length: 2000 }, say);
          globalThis.outcome = Promise.all(answers).then((all) => all.map(({ seq }) => seq));
          await Promise.race(answers);
        }"""
    )
    server.kill()
    server.start()
    seqs = chat.page.evaluate("() => outcome")
    assert seqs == list(range(1, 2001))
    with server.user("grace") as grace:
        newest = grace.ask("getHistory", roomId="general", limit=1000)["events"]
        older = grace.ask("getHistory", roomId="general", before=1001, limit=1000)["events"]
    assert [event["data"]["text"] for event in (newest + older)[::-1]] == [str(number) for number in range(2000)]
