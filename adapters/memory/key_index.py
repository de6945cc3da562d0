"""The keys that were used, in memory."""

from __future__ import annotations

from ...domain.draft_group import DraftGroup
from ...domain.errors import InvalidRequest
from ...domain.outcome import Repeat
from ...domain.used_keys import UsedKeys


class MemoryKeyIndex:
    """`KeyIndex` over the keys of a `MemoryHistoryArchive`."""

    def __init__(self, keys: UsedKeys) -> None:
        self._keys = keys

    async def outcome(self, group: DraftGroup, now_ms: int) -> Repeat | InvalidRequest | None:
        """See `KeyIndex.outcome`."""
        return self._keys.outcome(group, now_ms)
