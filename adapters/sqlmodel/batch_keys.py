"""The idempotency keys of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ...domain import idempotency_key
from ...domain.draft_group import DraftGroup
from ...domain.errors import InvalidRequest
from ...domain.event import Event
from ...domain.outcome import Repeat


class KeyUse(NamedTuple):
    """What a key was first used for, and the place of the first event that was kept for it."""

    digest: bytes
    seq: int
    timestamp_ms: int


class BatchKeys:
    """What each key of a batch was first used for: before the batch, where not before `since_ms`, and within it."""

    def __init__(self, found: Mapping[bytes, KeyUse], since_ms: int) -> None:
        self._uses = {id_: use for id_, use in found.items() if use.timestamp_ms >= since_ms}
        self.new: dict[bytes, KeyUse] = {}

    def outcome(self, group: DraftGroup) -> Repeat | InvalidRequest | None:
        """What becomes of a group whose key was used already; None where its key is new, or it has none."""
        if group.key is None:
            return None
        use = self._uses.get(key_id(group))
        if use is None:
            return None
        if not group.key.is_repeat_of(use.digest):
            return InvalidRequest.field("key", "was used for another event, or other data, before")
        return Repeat(seq=use.seq, timestamp_ms=use.timestamp_ms)

    def add(self, group: DraftGroup, first: Event) -> None:
        """Remember what the group's key, where it has one, is used for: events of which this is the first."""
        if group.key is not None:
            found = key_id(group)
            self._uses[found] = self.new[found] = KeyUse(group.key.digest, first.place, first.timestamp_ms)


def key_id(group: DraftGroup) -> bytes:
    """What the group's key is kept under."""
    assert group.key is not None
    return idempotency_key.key_id(group.room_id, group.epoch, group.sender, group.key.text)
