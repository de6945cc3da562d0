"""The idempotency keys that were used, in memory."""

from __future__ import annotations

from dataclasses import dataclass

from .draft_group import DraftGroup
from .errors import InvalidRequest
from .event import Event
from .outcome import Repeat


@dataclass(frozen=True, slots=True)
class _Use:
    digest: bytes
    place: Repeat


class UsedKeys:
    """What each key was first used for, kept for `ttl_ms`; in order of time, the oldest first."""

    def __init__(self, ttl_ms: int) -> None:
        self._ttl_ms = ttl_ms
        self._uses: dict[tuple[str, str, str, str], _Use] = {}

    def outcome(self, group: DraftGroup, now_ms: int) -> Repeat | InvalidRequest | None:
        """What becomes of a group whose key was used already; None where its key is new, or it has none."""
        use = self._uses.get(_id(group)) if group.key is not None else None
        if group.key is None or use is None or use.place.timestamp_ms < now_ms - self._ttl_ms:
            return None
        if not group.key.is_repeat_of(use.digest):
            return InvalidRequest.field("key", "was used for another event, or other data, before")
        return use.place

    def add(self, group: DraftGroup, first: Event) -> None:
        """Remember what the group's key, where it has one, was used for: events of which this is the first."""
        if group.key is not None:
            self._uses.pop(_id(group), None)
            place = Repeat(seq=first.place, timestamp_ms=first.timestamp_ms)
            self._uses[_id(group)] = _Use(group.key.digest, place)

    def sweep(self, limit: int, now_ms: int) -> int:
        """Forget up to `limit` keys whose time is over; how many were forgotten."""
        since = now_ms - self._ttl_ms
        over: list[tuple[str, str, str, str]] = []
        for key, use in self._uses.items():
            if len(over) == limit or use.place.timestamp_ms >= since:
                break
            over.append(key)
        for key in over:
            del self._uses[key]
        return len(over)


def _id(group: DraftGroup) -> tuple[str, str, str, str]:
    assert group.key is not None
    return group.room_id, group.epoch, group.sender, group.key.text
