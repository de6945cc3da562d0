"""One room of an application that keeps its events itself."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from functools import partial

from ...domain.draft import Draft
from ...domain.errors import DialogueError, InvalidRequest, PositionUnknown, Unavailable
from ...domain.event import Event
from ...domain.names import REDACTED, RESERVED_PREFIX
from ...domain.outcome import Repeat
from ...domain.position import RoomHead
from ...domain.redaction import Redaction, without_sender
from .own_stream import OwnStream
from .places import Places
from .senders import Senders
from .storage_hooks import StorageHooks
from .stored_events import StoredEvents

KEPT_REDACTIONS = 1_000


class OwnRoom:
    """The positions of a room, which live as long as the process, and its streams."""

    def __init__(self, room_id: str, limits: Mapping[str, int], max_bytes: int, hooks: StorageHooks) -> None:
        self.epoch = secrets.token_hex(8)
        self.epochs = frozenset({self.epoch})
        self.head = 0
        self.floor = 0
        self.last_timestamp_ms = 0
        self.senders = Senders(self._count_system)
        self._places = Places()
        self._numbers = {name: number for number, name in enumerate([*limits, REDACTED])}
        self.streams = {
            name: OwnStream(
                StoredEvents(room_id, name, hooks, partial(self._places.count, number)),
                limits.get(name, KEPT_REDACTIONS),
                max_bytes,
                hooks,
                is_stored=name in limits,
            )
            for name, number in self._numbers.items()
        }

    @property
    def reach(self) -> RoomHead:
        """How far the history reaches."""
        return RoomHead(
            epoch=self.epoch,
            head=self.head,
            floor=self.floor,
            last_timestamp_ms=self.last_timestamp_ms,
            streams={name: stream.reach for name, stream in self.streams.items()},
        )

    def keep(self, draft: Draft, now_ms: int) -> Event:
        """Give `draft` the next place."""
        stream = self.streams[draft.name]
        self.head += 1
        self.last_timestamp_ms = max(self.last_timestamp_ms, now_ms)
        event = draft.kept(timestamp_ms=self.last_timestamp_ms, seq=self.head, event_seq=stream.head + 1)
        self._places.add(self.head, self._numbers[draft.name])
        stream.push(event)
        if not event.name.startswith(RESERVED_PREFIX):
            self.senders.add(event.place, event.sender)
        return event

    def blank(self, redaction: Redaction) -> Repeat | DialogueError | None:
        """Blank an event that waits in memory; what becomes of the redaction where that cannot be done, or was.

        One that the storage was offered may be there, as it was: it is not ours to blank any more, and not yet theirs.
        """
        found = self._waiting(redaction.seq)
        if found is not None and self.streams[found.name].is_on_its_way(found):
            return Unavailable(f"The event at seq {redaction.seq} is being handed over to the application's storage")
        if found is None and self.floor < redaction.seq <= self.head:
            return InvalidRequest.field("seq", "was handed over to the application's storage, and is redacted there")
        if found is not None and redaction.erases_sender and (found.is_redacted or found.name == REDACTED):
            self.streams[found.name].put(without_sender(found))
            return Repeat(seq=found.place, timestamp_ms=found.timestamp_ms)
        if found is None or found.name == REDACTED:
            why = f"There is no event at seq {redaction.seq} that could be redacted"
            return PositionUnknown(why, epoch=self.epoch, floor=self.floor, head=self.head)
        if found.is_redacted:
            return Repeat(seq=found.place, timestamp_ms=found.timestamp_ms)
        self.streams[found.name].put(redaction.blank(found))
        return None

    def begin_anew(self) -> None:
        """Begin the next life with the events that are here."""
        self.epoch = secrets.token_hex(8)
        self.epochs |= {self.epoch}

    def end(self) -> None:
        """Begin the next life; what waits of this one is handed over."""
        self.epoch = secrets.token_hex(8)
        self.epochs = frozenset({self.epoch})
        self.floor = self.head
        for stream in self.streams.values():
            stream.end(self.head)
        self.senders.clear()
        self._places.clear()

    @property
    def waits(self) -> bool:
        """Whether some of its events were not handed over yet."""
        return any(stream.waiting for stream in self.streams.values())

    def in_memory(self) -> list[Event]:
        """The events of the present life that were not handed over yet, oldest first."""
        runs = (stream.waiting for stream in self.streams.values())
        return sorted((event for run in runs for event in run if event.place > self.floor), key=lambda each: each.place)

    def _count_system(self, after: int, through: int) -> int | None:
        numbers = (number for name, number in self._numbers.items() if name.startswith(RESERVED_PREFIX))
        counts = [self._places.count(number, after, through) for number in numbers]
        return None if None in counts else sum(count or 0 for count in counts)

    def _waiting(self, seq: int) -> Event | None:
        if seq <= self.floor:
            return None
        runs = (stream.waiting for stream in self.streams.values())
        return next((event for run in runs for event in run if event.seq == seq), None)
