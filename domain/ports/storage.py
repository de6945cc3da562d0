"""The bundle of all that keeps something: what is chosen, swapped and tested as one."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from .eviction_marks import EvictionMarks
from .history_archive import HistoryArchive
from .history_source import HistorySource
from .key_index import KeyIndex
from .presence import Presence
from .read_floors import ReadFloors
from .read_marks import ReadMarks
from .removals import Removals
from .room_moves import RoomMoves
from .room_store import RoomStore
from .transaction_archive import TransactionArchive
from .user_events import UserEvents


class Storage(Protocol):
    """The storage ports over one storage: what is done through one of them shows in all.

    So a room that `rooms` deletes has no events in `source` any more, and no draft of its life gets past `archive`.
    """

    @property
    def archive(self) -> HistoryArchive:
        """Keeps events."""
        ...

    @property
    def source(self) -> HistorySource:
        """Gives them back."""
        ...

    @property
    def keys(self) -> KeyIndex:
        """Knows which idempotency keys were used."""
        ...

    @property
    def rooms(self) -> RoomStore:
        """Remembers the rooms made at run time."""
        ...

    @property
    def read_marks(self) -> ReadMarks:
        """Remembers how far users have read."""
        ...

    @property
    def read_floors(self) -> ReadFloors:
        """Remembers from where on users may read."""
        ...

    @property
    def user_events(self) -> UserEvents:
        """Finds what a user has sent."""
        ...

    @property
    def eviction_marks(self) -> EvictionMarks:
        """Remembers which evicted events the application was told of."""
        ...

    @property
    def moves(self) -> RoomMoves | None:
        """Tells what others have done to the rooms; None where the storage serves one node alone."""
        ...

    @property
    def presence(self) -> Presence | None:
        """Knows who is in the rooms over all nodes; None where the storage serves one node alone."""
        ...

    @property
    def removals(self) -> Removals | None:
        """Tells all nodes of users who are to be removed; None where the storage serves one node alone."""
        ...

    @property
    def transactions(self) -> TransactionArchive | None:
        """Keeps events in transactions of the application's own; None where none of these reaches the storage."""
        ...

    def running(self) -> AbstractAsyncContextManager[None]:
        """The storage, open for as long as the context lasts; before and after it everything is Unavailable.

        Raises ConfigurationError where it cannot be used. What was kept is still there when it is entered again, as far
        as the storage says that it keeps anything at all.
        """
        ...

    async def check(self) -> None:
        """Raise Unavailable where nothing can be kept at this moment."""
        ...
