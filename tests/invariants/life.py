"""The model: one life of a room, as a plain list of what happened in it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from dialogue.domain import json_value
from dialogue.domain.event import Event
from dialogue.domain.names import REDACTED

from .setting import ALL_KEPT, KEPT, Setting

ERASED = "erased"


@dataclass(slots=True)
class StreamModel:
    """How far the events of one name reach, and up to where they are gone."""

    head: int = 0
    floor: int = 0
    floor_seq: int = 0


@dataclass(frozen=True, slots=True)
class Blanked:
    """That an event was taken back: by the event at `at`, and whether its sender was forgotten with it."""

    at: int
    erases_sender: bool


class Life:
    """All that was kept since the room was made, oldest first, and what became of it since.

    Heads, floors and times go on from the life before. The time of an event that is not kept lasts as long as its node.
    `at` is a seq: the room as it was when that was its head.
    """

    head: int
    kept_ms: int  # of the newest event that was kept
    last_timestamp_ms: int
    streams: dict[str, StreamModel]

    def __init__(self, setting: Setting, epoch: str, before: Life | None = None) -> None:
        self.setting = setting
        self.epoch = epoch
        self.head = self.floor = 0 if before is None else before.head
        self.kept_ms = self.last_timestamp_ms = 0 if before is None else before.kept_ms
        heads = {} if before is None else {name: before.streams[name].head for name in ALL_KEPT}
        self.streams = {
            name: StreamModel(heads[name], heads[name], self.head) if heads.get(name) else StreamModel()
            for name in ALL_KEPT
        }
        self.knows_reach = setting.knows_reach or before is not None  # or the storage may hold older ones
        self.told: list[Event] = []
        self.arrivals: dict[int, int] = {}  # by seq
        self.is_cut_short = False  # it was ended before all that was kept last had been told
        self.blanked: dict[int, Blanked] = {}
        self.forgotten: set[int] = set()

    def keep(self, event: Event, now_ms: int) -> None:
        """Take up the next event; it must have the next numbers, and a time that does not run backwards."""
        stream = self.streams[event.name]
        assert event.seq == self.head + 1, f"{event} does not follow {self.head}"
        assert event.event_seq == stream.head + 1, f"{event} does not follow event seq {stream.head}"
        assert event.timestamp_ms == max(self.last_timestamp_ms, now_ms), f"{event} at {now_ms}"
        self.head += 1
        stream.head += 1
        self.kept_ms = self.last_timestamp_ms = event.timestamp_ms
        self.told.append(event)
        self.arrivals[event.place] = now_ms
        if event.name == REDACTED:
            self.blanked[event.data["seq"]] = Blanked(event.place, event.data.get("erased", False))

    def pass_time(self, event: Event) -> None:
        """Take up the time of an event that is not kept: what comes later is not older."""
        self.last_timestamp_ms = max(self.last_timestamp_ms, event.timestamp_ms)

    def forget_passed_time(self) -> None:
        """The node has ended, and with it what it knew of events that were not kept."""
        self.last_timestamp_ms = self.kept_ms

    def trim(self, name: str, event_seq: int) -> None:
        """Let that name's events go up to there."""
        stream = self.streams[name]
        if event_seq > stream.floor:
            stream.floor = event_seq
            stream.floor_seq = next(
                event.place for event in self.told if event.name == name and event.event_seq == event_seq
            )

    def expired(self, name: str, now_ms: int) -> int:
        """The event seq up to which retention lets that name's events go: an age is counted from arrival."""
        stay, stream = self.setting.stays[name], self.streams[name]
        gone = stream.floor
        for event in self.left([name]):
            too_many = stay.max_events is not None and event.stream_place <= stream.head - stay.max_events
            too_old = stay.max_age_ms is not None and self.arrivals[event.place] < now_ms - stay.max_age_ms
            if too_many or too_old:
                gone = event.stream_place
        return gone

    def at(self, seq: int) -> Event | None:
        """The event at `seq` as it is now, if it is left."""
        return next((event for event in self.left() if event.seq == seq), None)

    def left(self, names: Collection[str] = ALL_KEPT, at: int | None = None) -> list[Event]:
        """Of these names, oldest first, what can still be read, as it is now."""
        return [
            self.now(event)
            for event in self.told
            if event.name in names
            and event.stream_place > self.streams[event.name].floor
            and (at is None or event.place <= at)
        ]

    def now(self, event: Event) -> Event:
        """What has become of `event`."""
        blanked = self.blanked.get(event.place)
        if blanked is not None:
            event = replace(event, payload=b"null", meta=None, is_redacted=True)
        if (blanked is not None and blanked.erases_sender) or event.place in self.forgotten:
            event = replace(event, sender=ERASED)
        if event.name == REDACTED and event.place in self.forgotten:
            event = replace(event, payload=json_value.encode(event.data | {"by": ERASED}))
        return event

    def next_told(self, after: int, names: Collection[str], through: int | None = None) -> Event | None:
        """The next event, as it was told, that a client of these names has to get."""
        return next(
            (
                event
                for event in self.told[max(0, after - self.floor) :]
                if event.name in names and (through is None or event.place <= through)
            ),
            None,
        )

    def floor_of(self, names: Collection[str]) -> int:
        """Nothing of these names is missing above this seq."""
        return max([self.floor, *(self.streams[name].floor_seq for name in names)])

    def in_memory(self, names: Collection[str], at: int) -> list[Event]:
        """What memory holds as one run of all these names, oldest first."""
        return [event for event in self.left(names, at) if event.place >= self._covered_from(names, at)]

    def is_all_in_memory(self, names: Collection[str], at: int) -> bool:
        """Whether memory holds all that is left of these names."""
        return not self._covered_from(names, at)

    def _covered_from(self, names: Collection[str], at: int) -> int:
        covered = 0
        for name in names:
            left, limit = self.left([name], at), self.setting.limit(name)
            if len(left) > limit:
                covered = max(covered, left[-limit].place if limit else at + 1)
        return covered

    def erase(self, user_id: str) -> list[int]:
        """Forget that user where nothing else is to be done; the seqs of the events that are to be blanked."""
        sent = [event for event in self.left() if event.sender == user_id]
        self.forgotten |= {event.place for event in sent if event.is_redacted or event.name == REDACTED}
        return [event.place for event in sent if not event.is_redacted and event.name in KEPT]


def same(found: Event, wanted: Event) -> bool:
    """Whether two events are equal; payloads as JSON values, as the protocol promises."""
    return replace(found, payload=b"") == replace(wanted, payload=b"") and found.data == wanted.data
