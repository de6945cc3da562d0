"""Removals of users, in memory."""

from __future__ import annotations

from ...domain.ports.removals import Removal
from .store import MemoryStore


class MemoryRemovals:
    """`Removals` over a `MemoryStore`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def add(self, removal: Removal) -> None:
        """See `Removals.add`."""
        self._store.remove_user(removal)
