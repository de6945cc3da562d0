"""The source of an application that keeps its events itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, takewhile

from ...domain.errors import InvalidRequest
from ...domain.event import Event
from ...domain.page import PageLimit, fitting
from .own_room import OwnRoom
from .own_stream import OwnStream
from .search import NOT_HELD, ensure_placed, first_at, newest_before
from .store import OwnStore


class OwnHistorySource:
    """`HistorySource` over a `OwnStore`: what waits in memory, and behind it what `on_load` gives back.

    `on_load` knows offsets alone, so a seq is searched for among the events that come back with theirs. Where they come
    back without, whatever needs one is InvalidRequest.
    """

    def __init__(self, store: OwnStore) -> None:
        self._store = store

    async def older(self, room_id: str, names: Sequence[str] | None, before: int, limit: PageLimit) -> list[Event]:
        """See `HistorySource.older`; behind the events that have a seq come those that have none, by their time."""
        runs: list[list[Event]] = []
        for room, stream in self._streams(room_id, names):
            newest = (await newest_before(stream, before, room.epochs)).event_seq
            runs.append(await stream.between(newest - limit.events + 1, newest, room.epochs))
        events = list(islice(_merged(runs), limit.events))
        placed = list(takewhile(lambda event: event.seq is not None, events))
        fits = fitting(placed, limit)
        # Those without a seq are not cut by their size: behind one of them nobody could go on.
        return events if len(fits) == len(placed) else fits

    async def newer(self, room_id: str, names: Sequence[str] | None, after: int, limit: PageLimit) -> list[Event]:
        """See `HistorySource.newer`; InvalidRequest where the storage has lost, or let go, what comes after `after`."""
        found: list[Event] = []
        for room, stream in self._streams(room_id, names):
            below = await newest_before(stream, after + 1, room.epochs)
            first = max(below.event_seq, stream.start) + 1
            run = await stream.between(first, first + limit.events - 1, room.epochs)
            ensure_placed(run, "after")
            is_there = not limit.events or first > stream.head or (run and run[-1].event_seq == first)
            if not below.is_certain or not is_there:
                raise InvalidRequest.field("after", NOT_HELD)
            found += run
        return fitting(sorted(found, key=lambda event: event.place), limit)

    async def between(self, room_id: str, name: str, first: int, last: int, size: int) -> list[Event]:
        """See `HistorySource.between`; event seqs below 1 are those of what the storage held before this start."""
        limit = PageLimit(events=max(last - first + 1, 0), size=size)
        return [
            event
            for room, stream in self._streams(room_id, [name])
            for event in fitting(await stream.between(first, last, room.epochs), limit)
        ]

    async def seq_at(self, room_id: str, timestamp_ms: int) -> int | None:
        """See `HistorySource.seq_at`; InvalidRequest where that event has no place, or may have none."""
        found = [await first_at(stream, timestamp_ms, room.epochs) for room, stream in self._streams(room_id, None)]
        return min((seq for seq in found if seq is not None), default=None)

    def _streams(self, room_id: str, names: Sequence[str] | None) -> list[tuple[OwnRoom, OwnStream]]:
        room = self._store.rooms.get(room_id)
        if room is None:
            return []
        wanted: Iterable[str] = room.streams if names is None else dict.fromkeys(names)
        return [(room, room.streams[name]) for name in wanted if name in room.streams]


def _merged(runs: Sequence[Sequence[Event]]) -> Iterator[Event]:
    """The newest first, each run's own order kept: of events without a seq the time alone tells which is newer."""
    rest = [deque(run) for run in runs if run]
    while rest:
        newest = rest[0]
        for run in rest[1:]:
            if _is_newer(run[0], newest[0]):
                newest = run
        yield newest.popleft()
        rest = [run for run in rest if run]


def _is_newer(event: Event, other: Event) -> bool:
    if event.seq is not None and other.seq is not None:
        return event.seq > other.seq
    return (event.timestamp_ms, event.seq is not None) > (other.timestamp_ms, other.seq is not None)
