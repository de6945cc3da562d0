"""The idempotency keys of a batch, looked up and kept in its transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import BindParameter, Connection, bindparam, select

from ...domain.draft_group import DraftGroup
from ...domain.errors import InvalidRequest
from ...domain.event import Event
from ...domain.outcome import Repeat
from .tables import keys

# SQLite takes 32,766 variables a statement at most.
AT_ONCE = 1_000

_ids: BindParameter[Sequence[bytes]] = bindparam("key_ids", expanding=True)
USED = select(keys.c.key_id, keys.c.digest, keys.c.seq, keys.c.timestamp).where(keys.c.key_id.in_(_ids))
DELETE = keys.delete().where(keys.c.key_id == bindparam("b_key_id"))
INSERT = keys.insert()

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Use:
    digest: bytes
    place: Repeat


class BatchKeys:
    """What each key of a batch was first used for, before the batch and within it."""

    def __init__(self, since_ms: int) -> None:
        self._since_ms = since_ms
        self._uses: dict[bytes, _Use] = {}
        self._over: list[dict[str, Any]] = []
        self._new: list[dict[str, Any]] = []

    def load(self, connection: Connection, groups: Sequence[DraftGroup]) -> None:
        """Look up the keys of `groups`."""
        for ids in chunks(dict.fromkeys(key_id(group) for group in groups if group.key is not None)):
            for found, digest, seq, timestamp in connection.execute(USED, {"key_ids": ids}):
                if timestamp < self._since_ms:
                    self._over.append({"b_key_id": found})
                else:
                    self._uses[found] = _Use(digest, Repeat(seq=seq, timestamp_ms=timestamp))

    def outcome(self, group: DraftGroup) -> Repeat | InvalidRequest | None:
        """What becomes of a group whose key was used already; None where its key is new, or it has none."""
        use = None if group.key is None else self._uses.get(key_id(group))
        if group.key is None or use is None:
            return None
        if use.digest != group.key.digest:
            return InvalidRequest.field("key", "was used for another event, or other data, before")
        return use.place

    def add(self, group: DraftGroup, first: Event) -> None:
        """Remember what the group's key, where it has one, is used for: events of which this is the first."""
        if group.key is None:
            return
        found = key_id(group)
        place = Repeat(seq=first.place, timestamp_ms=first.timestamp_ms)
        self._uses[found] = _Use(group.key.digest, place)
        row = {"key_id": found, "digest": group.key.digest, "seq": place.seq, "timestamp": place.timestamp_ms}
        self._new.append(row)

    def save(self, connection: Connection) -> None:
        """Keep the new ones."""
        if self._over:
            connection.execute(DELETE, self._over)
        if self._new:
            connection.execute(INSERT, self._new)


def key_id(group: DraftGroup) -> bytes:
    """A hash of what a key belongs to and of the key; no two that differ have the same."""
    assert group.key is not None
    parts = (group.room_id, group.epoch, group.sender, group.key.text)
    return blake2b(b"".join(b"%d:%b" % (len(part), part) for part in map(str.encode, parts)), digest_size=20).digest()


def chunks(items: Iterable[T]) -> Iterator[list[T]]:
    """`items` in lists that one statement takes."""
    rest = iter(items)
    while chunk := list(islice(rest, AT_ONCE)):
        yield chunk
