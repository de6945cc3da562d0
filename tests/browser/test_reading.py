"""Reading: where the new begins, which day it is, who is there, and what is read out."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Route, expect

from .between import Between
from .people import until

if TYPE_CHECKING:
    from tests.browser.conftest import OpenChat
    from tests.browser.people import ChatPage, ChatServer

pytestmark = pytest.mark.browser

LINKS = [
    ("https://en.wikipedia.org/wiki/Tea_(drink)", "https://en.wikipedia.org/wiki/Tea_(drink)", ""),
    ("(see https://example.org/a)", "https://example.org/a", ")"),
    ("(https://example.org/a_(b)).", "https://example.org/a_(b)", ")."),
    ("https://example.org/a。次", "https://example.org/a", "。次"),
    ("「https://example.org/b」、", "https://example.org/b", "」、"),
    ("https://example.org/c（注）", "https://example.org/c", "（注）"),
    ("https://example.org/d?x=[1]!", "https://example.org/d?x=[1]", "!"),
    ("https://example.org/ä/日本", "https://example.org/ä/日本", ""),
]


@pytest.mark.parametrize(("text", "address", "after"), LINKS)
def test_a_link_ends_where_the_address_does(
    shared_server: ChatServer, open_chat: OpenChat, text: str, address: str, after: str
) -> None:
    """A bracket that it opened belongs to it; stops, brackets around it and full-width punctuation do not."""
    chat = open_chat(shared_server)
    shared_server.say(text)
    entry = chat.log.locator(".text", has_text=text).last
    expect(entry.get_by_role("link")).to_have_text(address)
    assert entry.text_content() == text
    assert entry.evaluate("text => text.lastChild.nodeName === 'A' ? '' : text.lastChild.data") == after


def test_the_new_begins_at_a_line_and_the_room_is_opened_there(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """Of a room that was read up to somewhere: the line is in sight, above the first event of others after it."""
    with shared_server.user("grace", "line", create=True) as grace:
        grace.say(*(f"old {number}" for number in range(1, 101)), room="line")
        wire = Between()
        chat = open_chat(shared_server, "Ada", "line", between=wire)
        expect(chat.message("old 100")).to_be_in_viewport()
        chat.say("mine")
        mark = grace.say("settled", room="line")[0]
        until(chat, lambda: any(asked.get("seq", 0) >= mark for asked in wire.asked if asked["type"] == "markRead"))
        chat.page.goto("about:blank")
        grace.say(*(f"new {number}" for number in range(1, 201)), room="line")
        chat.page.goto(f"{shared_server.url}#line")
        line = chat.log.locator(".new-line")
        expect(line).to_be_in_viewport()
        expect(chat.message("new 1")).to_be_in_viewport()
        expect(chat.message("settled")).to_be_in_viewport()
        expect(chat.log.locator(".entry", has=chat.page.locator(".new-line")).locator(".text")).to_have_text("new 1")
        badge = chat.page.locator(".room-list li", has_text="line").locator(".badge")
        expect(badge).to_have_text("99+")
        chat.log.press("End")
        expect(chat.message("new 200")).to_be_in_viewport()
        expect(badge).to_be_hidden()


def test_one_s_own_words_are_never_new(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """Three messages within two seconds, then another room: nothing is unread there, also after a reload."""
    with shared_server.user("grace", "own", create=True) as grace:
        grace.say("a beginning", room="own")
        chat = open_chat(shared_server, "Ada", "own")
        for text in ("one", "two", "three"):
            chat.say(text)
            expect(chat.message(text)).to_be_visible()
        chat.page.get_by_role("link", name="General Chat").click()
        expect(chat.page.get_by_role("heading", level=1)).to_have_text("General Chat")
        badge = chat.page.locator(".room-list li", has_text="own").locator(".badge")
        expect(badge).to_be_hidden()
        chat.page.reload()
        chat.expect_connected()
        listed = chat.page.locator(".room-list li", has_text="own")
        expect(listed).to_be_visible()
        expect(badge).to_be_hidden()


def test_a_room_in_which_one_never_was_says_what_is_unread(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """The server keeps no mark for it: the page looks in, counts what others said, and does not join."""
    with shared_server.user("grace", "never", create=True) as grace:
        grace.say("one", "two", "three", room="never")
        wire = Between()
        chat = open_chat(shared_server, "Ada", between=wire)
        badge = chat.page.locator(".room-list li", has_text="never").locator(".badge")
        expect(badge).to_have_text("3")
        grace.say("four", room="never")
        chat.page.get_by_role("button", name="Create a room").click()
        chat.page.get_by_label("Name of the new room").fill("Another")
        chat.page.get_by_role("button", name="Create", exact=True).click()
        expect(badge).to_have_text("4")  # the list was asked for anew when that room was joined
        assert [asked["roomId"] for asked in wire.asked if asked["type"] == "join" and asked["roomId"] == "never"] == []
        chat.page.get_by_role("link", name=re.compile("^never,")).click()
        expect(chat.message("four")).to_be_visible()
        expect(badge).to_be_hidden()


def list_anew(chat: ChatPage, name: str) -> None:
    """Make a room: where one is joined, the rooms are listed again."""
    chat.page.get_by_role("button", name="Create a room").click()
    chat.page.get_by_label("Name of the new room").fill(name)
    chat.page.get_by_role("button", name="Create", exact=True).click()
    expect(chat.page.locator(".room-list li", has_text=name)).to_be_visible()


def test_another_life_of_a_room_is_counted_anew(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """Deleted and made again: nothing of what was said before can be read any more."""
    with shared_server.user("grace", "phoenix", create=True) as grace:
        grace.say("one", "two", "three", room="phoenix")
        chat = open_chat(shared_server, "Ada")
        badge = chat.page.locator(".room-list li", has_text="phoenix").locator(".badge")
        expect(badge).to_have_text("3")
        grace.ask("deleteRoom", roomId="phoenix")
        expect(chat.page.locator(".room-list li", has_text="phoenix")).to_have_count(0)
        grace.ask("createRoom", room={"id": "phoenix", "name": "phoenix"})
        list_anew(chat, "After the fire")
        expect(badge).to_be_hidden()
        grace.ask("join", roomId="phoenix")
        grace.say("anew", room="phoenix")
        list_anew(chat, "After that")
        expect(badge).to_have_text("1")


def test_a_room_is_looked_into_again_after_an_outage(shared_server: ChatServer, open_chat: OpenChat) -> None:
    with shared_server.user("grace", "away", create=True) as grace:
        grace.say("one", "two", room="away")
        chat = open_chat(shared_server, "Ada")
        badge = chat.page.locator(".room-list li", has_text="away").locator(".badge")
        expect(badge).to_have_text("2")
        grace.say("three", room="away")
        document = '{"status": 503, "code": "UNAVAILABLE", "detail": "The database cannot be reached"}'
        asked: list[str] = []

        def refuse(route: Route) -> None:
            asked.append(route.request.url)
            route.fulfill(status=503, content_type="application/problem+json", body=document)

        chat.page.route("**/rooms/away/events?**", refuse)
        list_anew(chat, "In the dark")
        until(chat, lambda: len(asked) > 0)
        chat.page.unroute("**/rooms/away/events?**")
        list_anew(chat, "In the light")
        expect(badge).to_have_text("3")


def test_today_becomes_yesterday_at_midnight(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """While one looks, and when one looks again at a page that slept."""
    with shared_server.user("grace", "midnight", create=True) as grace:
        grace.say("before midnight", room="midnight")
        chat = open_chat(shared_server, "Ada", "midnight")
        day = chat.log.locator(".day")
        expect(day).to_have_text("Today")
        chat.page.clock.install()
        chat.page.reload()
        expect(day).to_have_text("Today")
        chat.page.clock.fast_forward(24 * 60 * 60 * 1000)
        expect(day).to_have_text("Yesterday")
        later = datetime.datetime.now() + datetime.timedelta(days=3)
        chat.page.clock.set_fixed_time(later)
        chat.page.evaluate("() => dispatchEvent(new Event('focus'))")
        expect(day).not_to_have_text("Yesterday")
        expect(day).not_to_have_text("Today")


def test_one_goes_to_a_date(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """The window begins with the first event of that day or later; where there is none, it says so."""
    with shared_server.user("grace", "dates", create=True) as grace:
        seqs = grace.say(*(f"event {number}" for number in range(1, 301)), room="dates")
        wire = Between()
        chat = open_chat(shared_server, "Ada", "dates", between=wire)
        expect(chat.message("event 300")).to_be_visible()

        def of_that_day(request: dict[str, Any]) -> dict[str, Any] | None:
            wire.pass_on("getHistory")
            asked.append(request["afterTime"])
            page = grace.ask("getHistory", roomId="dates", after=seqs[99], limit=request["limit"])
            return {name: value for name, value in page.items() if name != "id"}

        asked: list[int] = []
        wire.answer("getHistory", of_that_day)
        chat.page.get_by_role("button", name="Go to a date").click()
        day = chat.page.get_by_label("Show what was said on")
        expect(day).to_be_focused()
        day.fill("2026-03-14")
        chat.page.get_by_role("button", name="Go", exact=True).click()
        expect(chat.message("event 101")).to_be_in_viewport()
        expect(chat.page.locator("#date-form")).to_be_hidden()
        assert asked == [chat.page.evaluate("() => new Date(2026, 2, 14).getTime()")]
        chat.log.press("Home")
        expect(chat.message("event 1")).to_be_in_viewport()
        chat.page.get_by_role("button", name="Go to a date").click()
        day.fill("2999-01-01")
        day.press("Enter")
        expect(chat.page.locator("#date-error")).to_have_text("Nothing was said on that day, or later.")
        expect(chat.message("event 1")).to_be_in_viewport()


def test_many_recovered_events_are_announced_once(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """In one sentence; the log itself is silent while they are put in, and reads out single ones again."""
    with shared_server.user("grace", "quietly", create=True) as grace:
        grace.say("before", room="quietly")
        wire = Between()
        chat = open_chat(shared_server, "Ada", "quietly", between=wire)
        expect(chat.message("before")).to_be_visible()
        chat.page.evaluate(
            """() => {
              globalThis.said = [];
              const log = document.querySelector(".log");
              new MutationObserver((changes) => {
                for (const { addedNodes } of changes) {
                  if (addedNodes.length > 0 && log.getAttribute("aria-live") !== "off") said.push("read out");
                }
              }).observe(log.querySelector(".entries"), { childList: true });
              new MutationObserver(() => said.push(announcer.textContent)).observe(announcer, { childList: true });
            }"""
        )
        wire.go_down()
        expect(chat.page.get_by_role("status")).to_have_text("Reconnecting…")
        grace.say(*(f"missed {number}" for number in range(1, 301)), room="quietly")
        wire.come_up()
        expect(chat.message("missed 300")).to_be_in_viewport()
        expect(chat.log).to_have_attribute("aria-live", "polite")
        chat.page.wait_for_function("said.length > 0")
        assert chat.page.evaluate("() => said") == ["300 new messages in quietly"]
        grace.say("a single one", room="quietly")
        expect(chat.message("a single one")).to_be_visible()
        chat.page.wait_for_function("said.length > 1")
        assert chat.page.evaluate("() => said") == ["300 new messages in quietly", "read out"]


def test_three_windows_of_one_user_and_one_of_another_are_two_people(
    shared_server: ChatServer, open_chat: OpenChat
) -> None:
    """As the real server tells it, and it follows when one goes."""
    with shared_server.user("grace", "people", create=True):
        chat = open_chat(shared_server, "Ada", "people")
        others = [chat.page.context.new_page() for _ in range(2)]
        for page in others:
            page.goto(chat.page.url)
            expect(page.get_by_role("status")).to_have_text("Connected")
        people = chat.page.locator("#room-sub")
        expect(people).to_have_text("2 people")
        with shared_server.user("alan", "people"):
            expect(people).to_have_text("3 people")
        expect(people).to_have_text("2 people")


def test_people_are_users_and_connections_are_called_so(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """Three windows of one user and one of another are two people; the number follows what the server tells."""
    wire = Between()
    people_here = {"size": 4, "users": 2}

    def tell(message: dict[str, Any]) -> None:
        """Whoever of another test comes or goes meanwhile does not count."""
        rooms = message["rooms"] if message["type"] == "rooms" else [message]
        for room in rooms if message["type"] in {"rooms", "roomSize"} else []:
            if room.get("id", room.get("roomId")) == "general":
                room.pop("users", None)
                room.update(people_here)

    def say() -> None:
        wire.say({"type": "roomSize", "roomId": "general", **people_here})

    wire.change(tell)
    chat = open_chat(shared_server, "Ada", between=wire)
    people = chat.page.locator("#room-sub")
    expect(people).to_have_text("2 people")
    expect(chat.page.get_by_role("link", name="General Chat, 2 people here")).to_be_visible()
    people_here.update(size=5, users=3)
    say()
    expect(people).to_have_text("3 people")
    expect(chat.page.locator(".room-list li", has_text="General").locator(".room-size")).to_have_text("3")
    people_here = {"size": 4000}
    say()
    expect(people).to_have_text("4,000 connections")
