"""The buffer, compared with a plain list over any sequence of pushes and reads."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from dialogue.domain.event import Event, weight
from dialogue.domain.history_buffer import HistoryBuffer

LIMITS = strategies.one_of(strategies.sampled_from([0, 1, 2]), strategies.integers(3, 12))
PLACES = strategies.integers(-2, 80)
PAGES = strategies.integers(0, 15)
BYTES = strategies.integers(0, 4_000)
ENOUGH = 1 << 20


def an_event(seq: int, event_seq: int, size: int = 2) -> Event:
    return Event(
        room_id="general",
        name="message",
        payload=b"{" + b" " * (size - 2) + b"}",
        sender="ada",
        timestamp_ms=1_767_225_600_000 + seq,
        seq=seq,
        event_seq=event_seq,
    )


def a_buffer(limit: int, *, seqs: range) -> HistoryBuffer:
    buffer = HistoryBuffer(limit, ENOUGH)
    buffer.push(an_event(seq, event_seq) for event_seq, seq in enumerate(seqs, start=1))
    return buffer


def seqs_of(events: list[Event]) -> list[int]:
    return [event.place for event in events]


class BufferAgainstList(RuleBasedStateMachine):
    """Every method of the buffer says what a list of all that was ever pushed says."""

    @initialize(
        limit=LIMITS, max_bytes=BYTES, first_seq=strategies.integers(1, 9), first_event_seq=strategies.integers(1, 9)
    )
    def begin(self, limit: int, max_bytes: int, first_seq: int, first_event_seq: int) -> None:
        self.limit = limit
        self.max_bytes = max_bytes
        self.shrunk: list[Event] = []
        self.buffer = HistoryBuffer(limit, max_bytes)
        self.pushed: list[Event] = []
        self.evicted: list[Event] = []
        self.next_seq = first_seq
        self.next_event_seq = first_event_seq  # a buffer that was warmed begins in the middle of its stream

    @property
    def kept(self) -> list[Event]:
        newest = self.pushed[max(len(self.shrunk), len(self.pushed) - self.limit) :]
        while sum(map(weight, newest)) > self.max_bytes:
            newest = newest[1:]
        return newest

    @rule(
        gaps=strategies.lists(strategies.integers(0, 3), max_size=30), size=strategies.sampled_from([2, 2, 500, 5_000])
    )
    def push(self, gaps: list[int], size: int) -> None:
        """A batch; other streams of the room take the seqs between."""
        batch = []
        for gap in gaps:
            self.next_seq += gap
            batch.append(an_event(self.next_seq, self.next_event_seq, size))
            self.next_seq += 1
            self.next_event_seq += 1
        kept_before = self.kept
        self.pushed.extend(batch)
        evicted = self.buffer.push(iter(batch))
        assert evicted == (kept_before + batch)[: len(kept_before) + len(batch) - len(self.kept)]
        self.evicted.extend(evicted)

    @rule(seq=PLACES, limit=PAGES)
    def before(self, seq: int, limit: int) -> None:
        older = [event for event in reversed(self.kept) if event.place < seq]
        assert self.buffer.before(seq, limit) == older[:limit]

    @rule(seq=PLACES, limit=PAGES)
    def after(self, seq: int, limit: int) -> None:
        newer = [event for event in self.kept if event.place > seq]
        assert self.buffer.after(seq, limit) == newer[:limit]

    @rule(max_bytes=BYTES)
    def shrink(self, max_bytes: int) -> None:
        left = self.kept
        while sum(map(weight, left)) > max_bytes:
            left = left[1:]
        self.shrunk = self.pushed[: len(self.pushed) - len(left)]
        self.evicted.extend(self.buffer.shrink(max_bytes))

    @rule(data=strategies.data(), others=strategies.none() | strategies.sets(strategies.integers(1_000, 1_020)))
    def replace(self, data: strategies.DataObject, others: set[int] | None) -> None:
        if self.kept:
            event = data.draw(strategies.sampled_from(self.kept))
            blank = replace(event, payload=b"null")
            if others is None:
                self.buffer.replace(event.place, lambda _: blank)
            else:
                self.buffer.replace_each(dict.fromkeys([event.place, *others], lambda _: blank))
            self.pushed = [blank if each is event else each for each in self.pushed]
            self.shrunk = self.pushed[: len(self.pushed) - len(self.buffer)]

    @invariant()
    def says_what_the_list_says(self) -> None:
        assert len(self.buffer) == len(self.kept)
        assert self.buffer.limit == self.limit
        assert self.buffer.size == sum(map(weight, self.kept)) <= self.max_bytes
        assert self.buffer.oldest == (self.kept[0] if self.kept else None)
        assert list(self.buffer.snapshot()) == self.kept

    @invariant()
    def every_event_is_kept_or_was_evicted_once(self) -> None:
        assert self.evicted + list(self.buffer.snapshot()) == self.pushed


def test_the_buffer_is_a_plain_list_of_the_newest_over_any_pushes_and_reads() -> None:
    run_state_machine_as_test(BufferAgainstList, settings=settings(max_examples=150, stateful_step_count=30))


def test_a_buffer_that_holds_nothing_evicts_what_it_is_given() -> None:
    buffer = HistoryBuffer(0, ENOUGH)
    assert seqs_of(buffer.push([an_event(1, 1), an_event(2, 2)])) == [1, 2]
    assert buffer.oldest is None
    assert buffer.before(10, 10) == []
    assert buffer.after(0, 10) == []


def test_pages_are_newest_first_and_catching_up_is_oldest_first() -> None:
    buffer = a_buffer(3, seqs=range(1, 6))
    assert seqs_of(buffer.before(6, 2)) == [5, 4]
    assert seqs_of(buffer.after(0, 2)) == [3, 4]


def test_a_batch_larger_than_the_buffer_leaves_its_newest_events() -> None:
    buffer = a_buffer(3, seqs=range(1, 3))
    evicted = buffer.push(an_event(seq, seq) for seq in range(3, 11))
    assert seqs_of(evicted) == [1, 2, 3, 4, 5, 6, 7]
    assert seqs_of(list(buffer.snapshot())) == [8, 9, 10]


def test_what_was_read_stays_as_it_was_while_the_buffer_moves_on() -> None:
    buffer = a_buffer(3, seqs=range(1, 4))
    snapshot = buffer.snapshot()
    buffer.push(an_event(seq, seq) for seq in range(4, 20))
    assert seqs_of(list(snapshot)) == [1, 2, 3]


def test_evicted_events_are_let_go_so_that_memory_is_bounded_by_the_limit() -> None:
    buffer = HistoryBuffer(10, ENOUGH)
    for seq in range(1, 1_000):
        buffer.push([an_event(seq, seq)])
        assert len(buffer._events) <= 2 * buffer.limit + 1


def test_the_bytes_of_an_evicted_event_are_free_at_once() -> None:
    buffer = HistoryBuffer(100, 10_000)
    for seq in range(1, 200):
        buffer.push([an_event(seq, seq, 3_000)])
        assert sum(len(event.payload) for event in buffer._events) <= 10_000


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        HistoryBuffer(-1, ENOUGH)
