"""The source of an application that keeps its events itself."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from ...domain.errors import InvalidRequest
from ...domain.event import Event
from ...domain.page import PageLimit, fitting
from .own_room import OwnRoom
from .own_stream import OwnStream
from .store import OwnStore

NO_PLACE = "reaches events that the application's storage gives back without a place: use start and end"


class OwnHistorySource:
    """`HistorySource` over a `OwnStore`: what waits in memory, and behind it what `on_load` gives back.

    `on_load` knows offsets alone, so a seq is searched for among the events that come back with theirs. Where they come
    back without, whatever needs one is InvalidRequest.
    """

    def __init__(self, store: OwnStore) -> None:
        self._store = store

    async def older(self, room_id: str, names: Sequence[str] | None, before: int, limit: PageLimit) -> list[Event]:
        """See `HistorySource.older`; behind the events that have a seq come those that have none, by their time."""
        found: list[Event] = []
        for room, stream in self._streams(room_id, names):
            newest = await self._newest_before(stream, before, room.epoch)
            found += await stream.between(newest - limit.events + 1, newest, room.epoch)
        # Not cut by its size: behind an event without a seq nobody could go on.
        return sorted(found, key=lambda event: (event.timestamp_ms, event.seq or 0), reverse=True)[: limit.events]

    async def newer(self, room_id: str, names: Sequence[str] | None, after: int, limit: PageLimit) -> list[Event]:
        """See `HistorySource.newer`."""
        found: list[Event] = []
        for room, stream in self._streams(room_id, names):
            oldest = max(await self._newest_before(stream, after + 1, room.epoch) + 1, 1)
            run = await stream.between(oldest, oldest + limit.events - 1, room.epoch)
            _ensure_placed(run, "after")
            found += run
        return fitting(sorted(found, key=lambda event: event.place), limit)

    async def between(self, room_id: str, name: str, first: int, last: int, size: int) -> list[Event]:
        """See `HistorySource.between`; event seqs below 1 are those of what the storage held before this start."""
        limit = PageLimit(events=max(last - first + 1, 0), size=size)
        return [
            event
            for room, stream in self._streams(room_id, [name])
            for event in fitting(await stream.between(first, last, room.epoch), limit)
        ]

    async def seq_at(self, room_id: str, timestamp_ms: int) -> int | None:
        """See `HistorySource.seq_at`; InvalidRequest where that event is not in memory any more."""
        found: list[int] = []
        for _, stream in self._streams(room_id, None):
            place = next((event.place for event in stream.waiting if event.timestamp_ms >= timestamp_ms), None)
            oldest = stream.waiting[0] if stream.waiting else None
            if stream.stored > stream.floor and (oldest is None or oldest.place == place):
                raise InvalidRequest.field("beforeTime/afterTime", "reaches behind memory: use start and end")
            found += [] if place is None else [place]
        return min(found, default=None)

    def _streams(self, room_id: str, names: Sequence[str] | None) -> list[tuple[OwnRoom, OwnStream]]:
        room = self._store.rooms.get(room_id)
        if room is None:
            return []
        wanted: Iterable[str] = room.streams if names is None else dict.fromkeys(names)
        return [(room, room.streams[name]) for name in wanted if name in room.streams]

    async def _newest_before(self, stream: OwnStream, before: int, epoch: str) -> int:
        """The event seq of the stream's newest event with a seq smaller than `before`."""
        if before > stream.stored_seq:
            return stream.stored + bisect_left(stream.waiting, before, key=lambda event: event.place)
        low, high = max(stream.floor, 0), stream.stored
        while low < high:  # the answer lies from low to high
            middle = (low + high + 1) // 2
            found = await stream.between(middle, middle, epoch)
            _ensure_placed(found, "before")
            if found and found[0].place < before:
                low = middle
            else:
                high = middle - 1
        return low


def _ensure_placed(events: Sequence[Event], field: str) -> None:
    if any(event.seq is None for event in events):
        raise InvalidRequest.field(field, NO_PLACE)
