"""Read marks in memory."""

from __future__ import annotations

from ...domain.kept_marks import KeptMarks
from .store import MemoryStore


class MemoryReadMarks(KeptMarks):
    """`ReadMarks` over a `MemoryStore`."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store.marks, store.unread_of)
