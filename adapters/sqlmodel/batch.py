"""A batch, what has to be known to number it, and what is to be written then; nothing here knows a connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from ...domain.draft_group import DraftGroup
from ...domain.event import Event
from ...domain.names import REDACTED
from ...domain.outcome import Appended, Held
from ...domain.position import Applied
from .batch_keys import KeyUse, key_id

Place = tuple[str, int]
"""A room's id and a seq."""


class HeadRow(NamedTuple):
    """A room's row, as far as a batch reads and writes it."""

    epoch: str
    head: int
    last_timestamp: int
    stamp: int


class KnownRoom(NamedTuple):
    """What is known of a room."""

    row: HeadRow
    floor: int = 0


class Target(NamedTuple):
    """An event that a redaction names; its payload is there where it is a `dialogue.redacted`."""

    name: str
    timestamp_ms: int
    is_blank: bool
    payload: bytes | None = None


class Tombstone(NamedTuple):
    """What an event becomes: its payload (None: it is blank), and its sender where that is forgotten."""

    payload: bytes | None
    sender: str | None


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one transaction is to keep; see `HistoryArchive.append`. Keys count for `key_ttl_ms`."""

    groups: Sequence[DraftGroup]
    applied: Mapping[str, Applied]
    now_ms: int
    key_ttl_ms: int

    @cached_property
    def room_ids(self) -> list[str]:
        """Its rooms, and those of `applied`, each once, in the order in which they are locked."""
        return sorted({room_id for room_id, _ in self.streams} | self.applied.keys())

    @cached_property
    def streams(self) -> set[tuple[str, str]]:
        """The rooms and names of its drafts."""
        return {(draft.room_id, draft.name) for group in self.groups for draft in group.drafts}

    @property
    def key_ids(self) -> list[bytes]:
        """Its keys, each once."""
        return list(dict.fromkeys(key_id(group) for group in self.groups if group.key is not None))

    @property
    def redacted(self) -> list[Place]:
        """What its redactions name, each once."""
        return list(
            dict.fromkeys(
                (group.room_id, redaction.seq)
                for group in self.groups
                if (redaction := group.drafts[0].redaction) is not None
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the database holds of a batch's rooms, read under their locks: of a stream its head.

    A room that is not in `rooms` is not there, or is in `held`: somebody else has locked it. `names` counts the names
    of the rooms into which new ones want, as `too_many_names` counts them; None where `streams` are all that there are.
    """

    rooms: Mapping[str, KnownRoom]
    streams: Mapping[tuple[str, str], int] = field(default_factory=dict)
    keys: Mapping[bytes, KeyUse] = field(default_factory=dict)
    targets: Mapping[Place, Target] = field(default_factory=dict)
    held: Mapping[str, Held] = field(default_factory=dict)
    names: Mapping[str, int] | None = None

    def count_names(self, room_id: str) -> int:
        """How many names the history of a room has into which a new one wants, that of redactions not among them."""
        if self.names is not None:
            return self.names.get(room_id, 0)
        return sum(1 for of_room, name in self.streams if of_room == room_id and name != REDACTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writes:
    """What a batch's transaction writes.

    Rows of rooms, streams (their heads) and keys are put in the place of what is there.
    """

    rooms: Mapping[str, HeadRow]
    events: Sequence[Event]
    arrived_ms: int
    streams: Mapping[tuple[str, str], int]
    keys: Mapping[bytes, KeyUse]
    tombstones: Mapping[Place, Tombstone]


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """The outcome of each group, true when `writes` are kept."""

    outcomes: list[Appended]
    writes: Writes
