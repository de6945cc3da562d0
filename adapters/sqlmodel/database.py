"""What the adapters of this folder need of a database; a folder for each dialect provides it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Table

from ...domain.outcome import Appended
from .batch import Batch

T = TypeVar("T")


class Database(Protocol):
    """Something that transactions are run in; a transaction is a sync function of a `Connection`."""

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction that sees one snapshot and writes nothing. Raises Unavailable."""
        ...

    async def peek(self, work: Callable[[Connection], T]) -> T:
        """As `read`, for work that is one statement: a third of what a read of one page costs goes into the rest."""
        ...

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction and commit it; on SQLite alone, on PostgreSQL beside others.

        Raises Unavailable: then nothing of it is kept, and never will be. Where the answer to the commit is lost, it is
        found out whether it was made; the caller waits for that. Raises CommitUnknown where that cannot be found out.
        """
        ...

    def appender(self) -> Appender:
        """What keeps the batches of one archive."""
        ...

    def one_at_a_time(self, connection: Connection, what: str) -> None:
        """Go on when no other transaction that has asked for `what` is open; the next one waits for the end of this.

        Each sees what those before it have committed. Raises as a statement does.
        """
        ...

    def insert(self, table: Table) -> Any:
        """An INSERT of the dialect, which has `excluded` and `on_conflict_do_update`."""
        ...


class Appender(Protocol):
    """Keeps a batch, in one transaction."""

    async def __call__(self, batch: Batch, *, waits: bool) -> Sequence[Appended]:
        """The outcome of each group; see `WaitingArchive.append`, with what it raises."""
        ...
