"""Where a reader is in a room, and how far the room's history reaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place in one life of a room: all events with a smaller or equal `seq` lie behind it."""

    epoch: str
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """How far a node has applied a room's history, and the time before which no later event may say it was."""

    epoch: str
    head: int
    last_timestamp_ms: int = 0

    def goes_on_at(self, epoch: str, head: int) -> bool:
        """Whether a storage that holds the room's life `epoch` up to `head` holds what was applied."""
        return self.epoch == epoch and self.head <= head


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamHead:
    """How far one stream reaches: event seqs `floor + 1` to `head` are there, without holes.

    `floor_seq` is the floor as a place in the room: the seq of the newest of its events that retention, or the end of a
    life of the room, took.
    """

    head: int = 0
    floor: int = 0
    floor_seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFloor:
    """Where a stream begins: its events up to event seq `event_seq`, the newest of which is at `seq`, are gone."""

    event_seq: int
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomHead:
    """How far a room's history reaches: of seqs `floor + 1` to `head` nothing is missing but what retention took.

    `stamp` is that of `RoomMove`; 0 where the storage serves one node alone.
    """

    epoch: str
    head: int = 0
    floor: int = 0
    last_timestamp_ms: int = 0
    stamp: int = 0
    streams: Mapping[str, StreamHead] = field(default_factory=dict)
