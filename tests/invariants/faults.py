"""Faults to plant, so that the machine can show that it finds them: real parts, each with one thing wrong.

Each is wrong now and then only, as real ones are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from dialogue.application.feed.apply_events import ApplyEvents
from dialogue.application.feed.hub import Hub
from dialogue.application.feed.submission import Look
from dialogue.application.reading.page_budget import Run
from dialogue.application.reading.recover_events import RecoverEvents
from dialogue.application.rooms.room_history import RoomHistory
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.event import Event
from dialogue.domain.outcome import Appended
from dialogue.domain.page import PageLimit
from dialogue.domain.ports.history_archive import HistoryArchive
from dialogue.domain.ports.history_source import HistorySource
from dialogue.domain.ports.room_store import RoomStore, StoredRoom
from dialogue.domain.position import Applied, Position, RoomHead, StreamFloor
from dialogue.domain.retention import Retention
from dialogue.domain.room import Room
from dialogue.domain.room_limits import RoomLimits

from ..support.storage_parts import StorageParts

EVERY = 5


def _as_it_is(ports: StorageParts) -> StorageParts:
    return ports


@dataclass(frozen=True, slots=True)
class Fault:
    """What to put in the place of the real parts."""

    spoil: Callable[[StorageParts], StorageParts] = _as_it_is
    hub: type[Hub] = Hub
    recovering: type[RecoverEvents] = RecoverEvents
    applying: type[ApplyEvents] = ApplyEvents


NO_FAULT = Fault()

Change = Callable[[list[Event]], list[Event]]


def loses(events: list[Event]) -> list[Event]:
    """One is missing."""
    return events[1:]


def repeats(events: list[Event]) -> list[Event]:
    """One comes twice."""
    return [*events, events[-1]]


def swaps(events: list[Event]) -> list[Event]:
    """Two are in each other's place."""
    return [*events[:-2], *reversed(events[-2:])]


class _Hub(Hub):
    change: Change

    def __init__(self) -> None:
        super().__init__()
        self._calls = count(1)

    def deliver(self, room_id: str, events: Sequence[Event]) -> None:
        is_wrong = next(self._calls) % EVERY == 0 and len(events) > 1
        super().deliver(room_id, type(self).change(list(events)) if is_wrong else events)


class LosingHub(_Hub):
    change = staticmethod(loses)


class RepeatingHub(_Hub):
    change = staticmethod(repeats)


class SwappingHub(_Hub):
    change = staticmethod(swaps)


class _Source:
    """The real source, but for one thing."""

    def __init__(self, source: HistorySource, change: Change = list) -> None:
        self._source = source
        self._change = change
        self._calls = count(1)

    async def older(self, room_id: str, names: Sequence[str] | None, before: int, limit: PageLimit) -> list[Event]:
        return self._changed(await self._source.older(room_id, names, before, limit))

    async def newer(self, room_id: str, names: Sequence[str] | None, after: int, limit: PageLimit) -> list[Event]:
        return self._changed(await self._source.newer(room_id, names, after, limit))

    async def between(self, room_id: str, name: str, first: int, last: int, size: int) -> list[Event]:
        return self._changed(await self._source.between(room_id, name, first, last, size))

    async def seq_at(self, room_id: str, timestamp_ms: int) -> int | None:
        return await self._source.seq_at(room_id, timestamp_ms)

    def _changed(self, events: list[Event]) -> list[Event]:
        is_wrong = next(self._calls) % EVERY == 0 and len(events) > 1
        return self._change(events) if is_wrong else events


class _HurriedSource(_Source):
    """Also gives what was kept and not told yet."""

    async def older(self, room_id: str, names: Sequence[str] | None, before: int, limit: PageLimit) -> list[Event]:
        return await self._source.older(room_id, names, before + 3, limit)


class _Archive:
    """The real archive, but for what becomes of drafts and of outcomes."""

    def __init__(
        self,
        archive: HistoryArchive,
        group: Callable[[DraftGroup], DraftGroup] = lambda group: group,
        event: Callable[[Event], Event] = lambda event: event,
    ) -> None:
        self._archive = archive
        self._group = group
        self._event = event

    async def open(self, room_id: str) -> RoomHead:
        return await self._archive.open(room_id)

    async def append(
        self, groups: Sequence[DraftGroup], applied: Mapping[str, Applied], now_ms: int, **waits: bool
    ) -> Sequence[Appended]:
        outcomes = await self._archive.append([self._group(group) for group in groups], applied, now_ms, **waits)
        return [tuple(map(self._event, outcome)) if isinstance(outcome, tuple) else outcome for outcome in outcomes]

    async def sweep(self, limit: int, now_ms: int) -> int:
        return await self._archive.sweep(limit, now_ms)

    async def expired(
        self, room_id: str, name: str, retention: Retention, now_ms: int, limit: int
    ) -> StreamFloor | None:
        return await self._archive.expired(room_id, name, retention, now_ms, limit)

    async def trim(self, room_id: str, name: str, floor: StreamFloor) -> None:
        await self._archive.trim(room_id, name, floor)


class _ForgettingRooms:
    """Deletes a room's definition, and lets its history live on."""

    def __init__(self, rooms: RoomStore) -> None:
        self._rooms = rooms
        self._deleted: set[str] = set()

    async def rooms(self) -> Sequence[StoredRoom]:
        return [room for room in await self._rooms.rooms() if room.id not in self._deleted]

    async def find(self, room_id: str) -> StoredRoom | None:
        return None if room_id in self._deleted else await self._rooms.find(room_id)

    async def create(self, room: StoredRoom, limits: RoomLimits | None = None) -> None:
        if room.id not in self._deleted:
            await self._rooms.create(room, limits)

    async def delete(self, room_id: str) -> None:
        self._deleted.add(room_id)


class Generous(RecoverEvents):
    """Says that all was recovered where some of it was too much, or is gone."""

    async def __call__(
        self, room: Room, history: RoomHistory, subscribed: Collection[str], since: Position, above: int = 0
    ) -> Run | None:
        found = await super().__call__(room, history, subscribed, since, above)
        if found is None and since.epoch == history.epoch:
            return Run(events=[], has_more=True)
        return found


class Careless(RecoverEvents):
    """Does not ask whether retention has taken some of it."""

    async def __call__(
        self, room: Room, history: RoomHistory, subscribed: Collection[str], since: Position, above: int = 0
    ) -> Run | None:
        if since.epoch != history.epoch or since.seq > history.head:
            return None
        names = [name for name in history.names if name in subscribed]
        run = await self._pages.after(room.id, history, names, since.seq, self._limit)
        return None if run.has_more else Run(events=run.events[::-1], has_more=False)


class Lazy(RecoverEvents):
    """Never recovers anything."""

    async def __call__(
        self, room: Room, history: RoomHistory, subscribed: Collection[str], since: Position, above: int = 0
    ) -> Run | None:
        return None


class OldRedactions(RecoverEvents):
    """Recovers the subscribed names, and not what was taken back of them."""

    async def __call__(
        self, room: Room, history: RoomHistory, subscribed: Collection[str], since: Position, above: int = 0
    ) -> Run | None:
        return await super().__call__(
            room, history, [name for name in subscribed if name in room.definitions], since, above
        )


class Incurious(ApplyEvents):
    """Never looks behind what it was handed: a gap stays one, and what had no answer is not seen."""

    def take(self, room_id: str, submissions: Iterable[Look]) -> None:
        known = list(submissions)
        for each in known:
            each.was_looked_behind = True
        super().take(room_id, known)


def _source(change: Change) -> Fault:
    return Fault(spoil=lambda ports: replace(ports, source=_Source(ports.source, change)))


def _groups(change: Callable[[DraftGroup], DraftGroup]) -> Fault:
    return Fault(spoil=lambda ports: replace(ports, archive=_Archive(ports.archive, group=change)))


def _hasty_time(event: Event) -> Event:
    return replace(event, timestamp_ms=event.timestamp_ms - 1)


FAULTS = {
    "a live event is lost": Fault(hub=LosingHub),
    "a live event comes twice": Fault(hub=RepeatingHub),
    "two live events are swapped": Fault(hub=SwappingHub),
    "what was kept and not answered for is not seen": Fault(applying=Incurious),
    "a page lacks an event": _source(loses),
    "a page has an event twice": _source(repeats),
    "a page has two events swapped": _source(swaps),
    "a page is ahead of the live stream": Fault(
        spoil=lambda ports: replace(ports, source=_HurriedSource(ports.source))
    ),
    "too much passes for recovered": Fault(recovering=Generous),
    "what is gone passes for recovered": Fault(recovering=Careless),
    "what is there is not recovered": Fault(recovering=Lazy),
    "a redaction is not recovered": Fault(recovering=OldRedactions),
    "a redaction is told and not done": _groups(
        lambda group: DraftGroup.of(*(replace(draft, redaction=None) for draft in group.drafts), key=group.key)
    ),
    "a key is kept twice": _groups(lambda group: replace(group, key=None)),
    "a time is not what is kept": Fault(
        spoil=lambda ports: replace(ports, archive=_Archive(ports.archive, event=_hasty_time))
    ),
    "a deleted room's history lives on": Fault(spoil=lambda ports: replace(ports, rooms=_ForgettingRooms(ports.rooms))),
}
