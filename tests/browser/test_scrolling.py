"""Reading back: the page is a window that moves over the whole history of a room."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from .conftest import DEADLINE_S

if TYPE_CHECKING:
    from tests.browser.conftest import OpenChat
    from tests.browser.people import ChatServer, Publisher

pytestmark = pytest.mark.browser

MOST_IN_THE_DOCUMENT = 700

READ_TO = """async (log, { edge, top, tells }) => {
  // Scrolls to one end, frame by frame, and notes what is shown on the way; `tells` of each page that comes in above.
  const seen = new Map();
  const faults = [];
  let most = 0;
  let first = Infinity;
  const end = performance.now() + 180_000;
  for (;;) {
    const entries = [...log.querySelectorAll("[data-seq]")];
    most = Math.max(most, entries.length);
    entries.forEach((entry, i) => {
      const seq = Number(entry.dataset.seq);
      const before = i > 0 ? Number(entries[i - 1].dataset.seq) : seq - 1;
      if (seq !== before + 1) faults.push(`${before} then ${seq}`);
      seen.set(seq, entry.querySelector(".text").textContent);
    });
    const isThere = top ? log.scrollTop === 0 : log.scrollHeight - log.scrollTop - log.clientHeight < 2;
    if (isThere && log.querySelector(edge)) break;
    if (tells && Number(entries[0].dataset.seq) < first) {
      first = Number(entries[0].dataset.seq);
      await globalThis.pageCame(first);
    }
    if (performance.now() > end) throw new Error(`stuck after ${seen.size} events`);
    log.scrollTop = top ? 0 : log.scrollHeight;
    await new Promise(requestAnimationFrame);
  }
  return { seen: [...seen].sort(([a], [b]) => a - b), faults: faults.slice(0, 5), most };
}"""
TO_THE_BEGINNING = {"edge": ".edge-top[data-state=beginning]", "top": True, "tells": True}
TO_THE_END = {"edge": ".edge-bottom[data-state=none]", "top": False, "tells": False}


def numbered(count: int) -> list[str]:
    return [f"event {number}" for number in range(1, count + 1)]


class Talker:
    """Goes on publishing while somebody reads: so many events for each page, however long that takes.

    Pages count, not seconds, so a slow machine has no more to read than a fast one.
    """

    EVENTS_A_PAGE = 25

    def __init__(self, user: Publisher, texts: list[str]) -> None:
        self._user = user
        self._texts = texts
        self._pages: SimpleQueue[threading.Event | None] = SimpleQueue()
        self.pages: list[int] = []

    def page_came(self, first_seq: int) -> None:
        """Begin with the next events; return when the first is kept: the others arrive while a page is got."""
        self.pages.append(first_seq)
        has_begun = threading.Event()
        self._pages.put(has_begun)
        assert has_begun.wait(DEADLINE_S)

    def _talk(self) -> None:
        while (has_begun := self._pages.get()) is not None:
            for _ in range(self.EVENTS_A_PAGE):
                self._texts.append(f"meanwhile {len(self._texts)}")
                self._user.say(self._texts[-1], room="thousand")
                has_begun.set()

    @contextmanager
    def talking(self) -> Iterator[None]:
        """Talk in a thread of its own, until what is due for the last page is said."""
        thread = threading.Thread(target=self._talk)
        thread.start()
        try:
            yield
        finally:
            self._pages.put(None)
            thread.join()


def test_scrolling_reaches_the_first_of_a_thousand_events_while_new_ones_arrive(
    shared_server: ChatServer, open_chat: OpenChat
) -> None:
    """On the way up and down each event is shown once and in order, and the document stays small."""
    with shared_server.user("grace", "thousand", create=True) as grace:
        texts = numbered(1000)
        grace.say(*texts, room="thousand")
        chat = open_chat(shared_server, room="thousand")
        expect(chat.message("event 1000")).to_be_visible()
        talker = Talker(grace, texts)
        chat.page.expose_function("pageCame", talker.page_came)
        with talker.talking():
            way_up = chat.log.evaluate(READ_TO, TO_THE_BEGINNING)
        assert way_up["faults"] == []
        assert way_up["seen"][:1000] == [[seq, text] for seq, text in enumerate(texts[:1000], 1)]
        assert way_up["most"] <= MOST_IN_THE_DOCUMENT
        assert len(talker.pages) >= 10
        assert len(texts) == 1000 + len(talker.pages) * Talker.EVENTS_A_PAGE
        expect(chat.log).to_contain_text("This is the beginning of thousand")
        way_down = chat.log.evaluate(READ_TO, TO_THE_END)
        assert way_down["faults"] == []
        assert way_down["seen"] == [[seq, text] for seq, text in enumerate(texts, 1)]
        assert way_down["most"] <= MOST_IN_THE_DOCUMENT


def test_what_one_reads_stays_where_it_is(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """When an earlier page comes in above, and when events arrive below, the message in sight does not move."""
    with shared_server.user("grace", "stable", create=True) as grace:
        grace.say(*numbered(400), room="stable")
        chat = open_chat(shared_server, room="stable")
        expect(chat.message("event 400")).to_be_visible()
        moved = chat.log.evaluate(
            """async (log) => {
              const first = () => log.querySelector("[data-seq]");
              const end = performance.now() + 60_000;
              const moved = [];
              for (let page = 0; page < 4; page += 1) {
                const before = first();
                log.scrollTop = 5;
                const message = before.querySelector("article");
                const top = message.getBoundingClientRect().top;
                while (first() === before) {
                  if (performance.now() > end) throw new Error("no page came");
                  await new Promise(requestAnimationFrame);
                }
                moved.push(Math.abs(message.getBoundingClientRect().top - top));
              }
              return moved;
            }"""
        )
        assert max(moved) <= 1.5
        place = chat.log.evaluate("log => log.scrollTop")
        grace.say("something new", room="stable")
        expect(chat.page.get_by_role("button", name="1 new message")).to_be_visible()
        assert chat.log.evaluate("log => log.scrollTop") == place
        chat.page.get_by_role("button", name="1 new message").click()
        expect(chat.message("something new")).to_be_in_viewport()
        expect(chat.page.get_by_role("button", name="new message")).to_have_count(0)


def test_a_reader_at_the_end_follows(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """New events scroll in by themselves, also very many at once."""
    with shared_server.user("grace", "follow", create=True) as grace:
        chat = open_chat(shared_server, room="follow")
        grace.say(*numbered(500), room="follow")
        expect(chat.message("event 500")).to_be_in_viewport()
        seqs = chat.seqs()
        assert seqs == list(range(seqs[0], 501))
        assert len(seqs) <= MOST_IN_THE_DOCUMENT


def test_home_and_end_jump_over_everything_between(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """Home shows the first event of the room and End the newest, a page each, and reading goes on from there."""
    with shared_server.user("grace", "jumps", create=True) as grace:
        grace.say(*numbered(1000), room="jumps")
        chat = open_chat(shared_server, room="jumps")
        expect(chat.message("event 1000")).to_be_visible()
        chat.log.press("Home")
        expect(chat.message("event 1")).to_be_in_viewport()
        expect(chat.log).to_contain_text("This is the beginning of jumps")
        assert len(chat.seqs()) <= 100
        chat.log.press("End")
        expect(chat.message("event 1000")).to_be_in_viewport()
        chat.page.get_by_role("button", name="Go to the beginning").click()
        expect(chat.message("event 1")).to_be_in_viewport()
        grace.say("event 1001", room="jumps")
        chat.page.get_by_role("button", name=re.compile("1 new message")).click()
        expect(chat.message("event 1001")).to_be_in_viewport()


def test_days_and_groups_are_marked(shared_server: ChatServer, open_chat: OpenChat) -> None:
    """Successive events of one sender stand together under one name; the day stands above the first."""
    with shared_server.user("grace", "groups", create=True) as grace, shared_server.user("alan", "groups") as alan:
        grace.say("one", "two", room="groups")
        alan.say("three", room="groups")
        grace.say("four", room="groups")
        chat = open_chat(shared_server, room="groups")
        expect(chat.message("four")).to_be_visible()
        goes_on = "log => [...log.querySelectorAll('.entry')].map(entry => entry.classList.contains('goes-on'))"
        assert chat.log.evaluate(goes_on) == [False, True, False, False]
        expect(chat.log.locator(".day")).to_have_text(["Today"])
