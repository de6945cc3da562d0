"""The keys that were used, in a SQL database."""

from __future__ import annotations

from sqlalchemy import BindParameter, bindparam, select

from ...domain.draft_group import DraftGroup
from ...domain.errors import InvalidRequest
from ...domain.outcome import Repeat
from .batch_keys import BatchKeys, KeyUse, key_id
from .database import Database
from .tables import keys

_id: BindParameter[bytes] = bindparam("b_key_id")
_USE = select(keys.c.digest, keys.c.seq, keys.c.timestamp).where(keys.c.key_id == _id)


class SqlKeyIndex:
    """`KeyIndex` over a `Database`, where a key is kept for `key_ttl_s`."""

    def __init__(self, database: Database, key_ttl_s: float) -> None:
        self._database = database
        self._key_ttl_ms = round(key_ttl_s * 1_000)

    async def outcome(self, group: DraftGroup, now_ms: int) -> Repeat | InvalidRequest | None:
        """See `KeyIndex.outcome`."""
        if group.key is None:
            return None
        found = key_id(group)
        row = await self._database.read(lambda connection: connection.execute(_USE, {"b_key_id": found}).first())
        if row is None:
            return None
        return BatchKeys({found: KeyUse(*row)}, now_ms - self._key_ttl_ms).outcome(group)
