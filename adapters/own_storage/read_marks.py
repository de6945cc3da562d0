"""Read marks of an application that keeps its events itself."""

from __future__ import annotations

from ...domain.kept_marks import KeptMarks
from .store import OwnStore


class OwnReadMarks(KeptMarks):
    """`ReadMarks` over a `OwnStore`: like the positions that they name, marks last as long as the process.

    Nothing is trimmed here, so what the application has let go of is counted as long as it would be.
    """

    def __init__(self, store: OwnStore) -> None:
        super().__init__(store.marks, store.unread_of)
