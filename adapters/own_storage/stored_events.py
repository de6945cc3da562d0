"""What the application's storage holds of one stream, and whether it is what it was given."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ...application.hooks.run_hook import Turn
from ...domain.errors import Unavailable
from ...domain.event import Event
from .storage_hooks import StorageHooks

logger = logging.getLogger("dialogue.hooks")


class NotAsGiven(Unavailable):
    """The storage does not give back what it was given, in the order in which it was."""


CountPlaces = Callable[[int, int], int | None]
"""How many events of a stream have a seq behind the one and up to the other; None where that is not known any more."""


@dataclass(frozen=True, slots=True)
class Life:
    """What of a room's life a stream shows: what comes behind event seq `start`, and behind the seq `start_seq`.

    All `epochs` belong to it: a room may begin a new one with the events that it has.
    """

    epochs: frozenset[str]
    start: int = 0
    start_seq: int = 0


class StoredEvents:
    """The events up to event seq `head`, which the storage has said that it holds; their newest is at seq `head_seq`.

    `on_load` knows offsets alone, counted from the newest that the storage holds. A call of `on_cleanup` that failed
    may have stored some of its events all the same (its answer was lost): then how many these are is asked before each
    reading, so that the offsets of those behind them are known. What comes back with its place is held to it. Whoever
    calls `keep`, `read` or `newest` has the `turn`: the two hooks of one stream never overlap.
    """

    def __init__(self, room_id: str, name: str, hooks: StorageHooks, count: CountPlaces) -> None:
        self.head = 0
        self.head_seq = 0
        self.turn = Turn()
        self._room_id = room_id
        self._name = name
        self._hooks = hooks
        self.count = count
        self._head_event: Event | None = None
        self._offered: Sequence[Event] = ()
        self._is_spoilt = False

    @property
    def may_hold_through(self) -> int:
        """The event seq up to which the storage was offered events; those behind `head` it may hold, or not."""
        return self.head + len(self._offered)

    async def keep(self, bite: Sequence[Event]) -> None:
        """Hand over the events behind `head`, oldest first. Raises what the hook raises; then `bite` comes again."""
        was_offered = bool(self._offered)
        if len(bite) > len(self._offered):
            self._offered = bite
        await self._hooks.cleanup(self._room_id, self._name, bite)
        if was_offered:
            await self._ensure_kept_once(bite)
        self._head_event = bite[-1]
        self.head, self.head_seq = bite[-1].stream_place, bite[-1].place
        self._offered = ()

    async def read(self, newest: int, oldest: int, life: Life) -> list[Event]:
        """The events with event seqs `newest` down to `oldest`, both at most `head`; fewer where there are no more.

        Raises Unavailable where on_load fails, and where what it gives cannot be what it was given.
        """
        if self._is_spoilt:
            raise self._not_as_given("on_cleanup has kept events twice, or in another order")
        ahead = await self._ahead() if self._offered else 0
        found = await self._at(newest, oldest, ahead, life)
        if not found or found[-1].stream_place > oldest:
            await self._ensure_gone(found[-1].stream_place - 1 if found else newest, ahead, life)
        if self._offered and await self._ahead() != ahead:
            raise Unavailable("The application's storage changed while it was read")
        return found

    async def _at(self, newest: int, oldest: int, ahead: int, life: Life) -> list[Event]:
        loaded = await self._load(self.head - newest + ahead, self.head - oldest + 1 + ahead)
        return self._numbered(loaded, newest, life)

    async def _ensure_gone(self, place: int, ahead: int, life: Life) -> None:
        """The storage has no event at event seq `place`: see whether it is its oldest that it has let go of.

        If it has lost one in between, its oldest is not what stands there.
        """
        missing, held = place, self.head + 1
        while missing >= life.start + 1 and held - missing > 1:
            middle = (missing + held) // 2
            if await self._at(middle, middle, ahead, life):
                held = middle
            else:
                missing = middle

    async def _load(self, start: int, end: int) -> list[Event]:
        return await self._hooks.load(self._room_id, self._name, start, end, self.turn)

    def _numbered(self, loaded: Sequence[Event], newest: int, life: Life) -> list[Event]:
        found: list[Event] = []
        newer: Event | None = None
        above = 0  # the seq of the event before this one, where it had one
        for place, event in zip(range(newest, newest - len(loaded), -1), loaded, strict=True):
            if newer is not None and _is_out_of_order(newer, event):
                raise self._not_as_given(f"seq {event.seq} stands behind seq {newer.seq}")
            newer = event
            is_known = _has_place(event) and event.epoch in life.epochs
            if is_known != (place > life.start) and (is_known or _has_place(event)):
                raise self._not_as_given(f"seq {event.seq} stands where an event of another life of the room belongs")
            if is_known and not self._is_at(event, place, above, life):
                raise self._not_as_given(f"seq {event.seq} stands where another event belongs")
            above = event.place if is_known else above
            if place > life.start and found and is_known != (found[-1].seq is not None):
                raise self._not_as_given("some events have their seq and epoch, and some have not")
            found.append(replace(event, seq=event.seq if is_known else None, event_seq=place))
        return found

    def _is_at(self, event: Event, place: int, above: int, life: Life) -> bool:
        """Whether the event at event seq `place`, the next one being at seq `above` (0: not known), may be."""
        if event.place > self.head_seq:
            return False
        newer = self.count(event.place - 1, above - 1 if above else self.head_seq)
        if newer is not None:
            return newer == (1 if above else self.head - place + 1)
        # Between two events there are at least as many seqs as there are event seqs.
        return life.start_seq + (place - life.start) <= event.place <= self.head_seq - (self.head - place)

    async def _ahead(self) -> int:
        """How many of the events that were offered the storage holds, before those up to `head`."""
        loaded = await self._load(0, len(self._offered) + 1)
        kept = 0
        offered = list(self._offered)
        while kept < len(loaded) and _has_place(loaded[kept]):
            while offered and not _is_same_place(offered[-1], loaded[kept]):
                offered.pop()
            if not offered:
                break
            offered.pop()
            kept += 1
        rest = loaded[kept:]
        if _share_one(rest, self._offered):
            raise Unavailable("Whether the application's storage holds its newest events cannot be told now")
        if not self._goes_on_with(rest):
            raise self._not_as_given(f"seq {rest[0].seq} stands where seq {self.head_seq} belongs")
        return kept

    async def _ensure_kept_once(self, bite: Sequence[Event]) -> None:
        """Look whether what was offered several times is there once. Raises Unavailable where on_load fails."""
        loaded = await self._load(0, len(bite) + 1)
        rest = loaded[len(bite) :]
        is_there = all(_share_one([event], [each]) for event, each in zip(loaded, reversed(bite), strict=False))
        if not is_there or _share_one(rest, bite) or not self._goes_on_with(rest):
            self._is_spoilt = True
            logger.error(
                "on_cleanup was called again for %r in %r after it had failed, and has not kept each event once: what "
                "it keeps cannot be read until the next start. Insert by room, epoch and seq, each of them once",
                self._name,
                self._room_id,
            )

    def _goes_on_with(self, rest: Sequence[Event]) -> bool:
        """Whether the first of `rest` may be the newest that was handed over; one without a place may be any."""
        if not rest or self._head_event is None or not _has_place(rest[0]):
            return True
        return _is_same_place(rest[0], self._head_event)

    def _not_as_given(self, why: str) -> NotAsGiven:
        logger.error("on_load for %r in %r does not give back what was kept: %s", self._name, self._room_id, why)
        return NotAsGiven(f"The application's storage does not give back what it was given: {why}")


def _has_place(event: Event) -> bool:
    return event.seq is not None and event.epoch is not None


def _is_same_place(event: Event, other: Event) -> bool:
    return (event.epoch, event.seq) == (other.epoch, other.seq)


def _share_one(loaded: Sequence[Event], kept: Sequence[Event]) -> bool:
    """Whether one of those that were loaded is one of `kept`, as far as one can see where it comes without a place."""
    places = {(event.epoch, event.seq) for event in kept}
    contents: dict[tuple[int, str], list[object]] = {}
    for event in kept:
        contents.setdefault((event.timestamp_ms, event.sender), []).append(event.json)
    for event in loaded:
        if _has_place(event):
            if (event.epoch, event.seq) in places:
                return True
        elif event.json in contents.get((event.timestamp_ms, event.sender), ()):
            return True
    return False


def _is_out_of_order(newer: Event, older: Event) -> bool:
    if newer.seq is None or older.seq is None or newer.epoch is None or newer.epoch != older.epoch:
        return False
    return older.seq >= newer.seq
