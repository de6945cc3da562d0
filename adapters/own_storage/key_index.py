"""The keys that were used, in memory as the places of the events are."""

from __future__ import annotations

from ...domain.draft_group import DraftGroup
from ...domain.errors import InvalidRequest
from ...domain.outcome import Repeat
from .store import OwnStore


class OwnKeyIndex:
    """`KeyIndex` over an `OwnStore`."""

    def __init__(self, store: OwnStore) -> None:
        self._store = store

    async def outcome(self, group: DraftGroup, now_ms: int) -> Repeat | InvalidRequest | None:
        """See `KeyIndex.outcome`."""
        return self._store.keys.outcome(group, now_ms)
