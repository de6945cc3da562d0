"""What happened in a room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import json_value


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened in a room.

    `seq` is its place in the room, `event_seq` its place among the events of its name, both from 1 on without holes; an
    event without history has neither. `timestamp_ms` never runs backwards within a room. `payload` and `meta` are JSON
    in UTF-8: the wire, the buffer and the archive pass them on as they are. A redacted event is a tombstone: its
    payload is JSON's null. `epoch` is the life of the room in which it got its place, where that is known.
    """

    room_id: str
    name: str
    payload: bytes
    sender: str
    timestamp_ms: int
    seq: int | None = None
    event_seq: int | None = None
    meta: bytes | None = None
    is_redacted: bool = False
    epoch: str | None = field(default=None, compare=False)

    @property
    def data(self) -> Any:
        """The payload as a Python value, decoded anew at each call."""
        return json_value.decode(self.payload)

    @property
    def place(self) -> int:
        """`seq` of an event that is known to have history."""
        assert self.seq is not None, "an event without history has no place"
        return self.seq

    @property
    def stream_place(self) -> int:
        """`event_seq` of an event that is known to have history."""
        assert self.event_seq is not None, "an event without history has no place"
        return self.event_seq

    @classmethod
    def of(
        cls,
        *,
        room_id: str,
        name: str,
        data: object,
        sender: str,
        timestamp_ms: int,
        seq: int | None = None,
        epoch: str | None = None,
        meta: Mapping[str, object] | None = None,
    ) -> Event:
        """An event from Python values, as an application's own storage gives it back.

        `seq` and `epoch` go together: a place is one in a life of the room. Raises InvalidEvent where `data` or `meta`
        is no JSON that could be kept.
        """
        return cls(
            room_id=room_id,
            name=name,
            payload=json_value.keepable(data, "data"),
            sender=sender,
            timestamp_ms=timestamp_ms,
            seq=seq,
            epoch=epoch,
            meta=None if meta is None else json_value.keepable(meta, "meta"),
        )
