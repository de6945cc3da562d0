"""A lane: transactions that run one after the other, and a row by which it is found out how the last one ended."""

from __future__ import annotations

from typing import NamedTuple

from ..commit_outcome import CommitUnknown
from .transaction import Open

ASK = "SELECT batch FROM dialogue_writers WHERE writer_id = $1 FOR UPDATE"


class Unsigned(Exception):
    """The lane's row is not there, or it is another server's."""


def ensure_signed(said: str, rows: int = 1) -> None:
    """Raise Unsigned where the server does not say that it has changed so many rows for a signature."""
    if said != f"UPDATE {rows}":
        raise Unsigned(said)


class Signature(NamedTuple):
    """What a transaction writes into its lane's row: its number, and only where the condition, which is SQL, is true.

    It may be written at any time before the commit. The row stays locked from then on.
    """

    lane_id: str
    number: int
    condition: str

    @property
    def statement(self) -> str:
        """The statement that writes it."""
        return (
            f"UPDATE dialogue_writers SET batch = {self.number} WHERE writer_id = '{self.lane_id}' AND {self.condition}"
        )


class Lane:
    """Numbers its transactions, each of which writes its number before it commits.

    Where the answer to a commit is lost, whoever locks the row after it waits for a backend that still runs, and the
    number in it tells whether the transaction was committed. The row must be committed before the lane's first
    transaction: nobody can wait for one that is only being inserted.

    Statements are plain texts that go out with the one that begins the transaction, in one round trip; `lane_id` holds
    nothing that would have to be escaped.
    """

    def __init__(self, lane_id: str) -> None:
        assert lane_id.replace("-", "").replace(".", "").isalnum()
        self._id = lane_id
        self._number = 0
        self.is_suspect = False
        """Whether the last transaction may still run in a backend, over a connection that was lost."""

    def next(self) -> None:
        """Begin to count the next transaction."""
        self._number += 1

    @property
    def name(self) -> str:
        """What this transaction is called in pg_stat_activity, and nothing else is."""
        return f"dialogue {self._id} {self._number}"

    def signature(self, condition: str) -> Signature:
        """What signs this transaction, where `condition` is true."""
        return Signature(self._id, self._number, condition)

    def end_others(self) -> str:
        """The statement that ends a backend in which this transaction, or the one before it, may still run.

        One that waits for a lock, or for us, would go on doing so. It is known by its transaction's name: the number of
        its process may be the proxy's, where there is one, or by now somebody else's. One whose commit waits for a
        replica is left alone: ended, it would count as made before it is safe.
        """
        return (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE application_name LIKE 'dialogue {self._id} %' "
            "AND usename = current_user AND pid <> pg_backend_pid() AND wait_event IS DISTINCT FROM 'SyncRep'"
        )

    def enter(self) -> str:
        """The statement that makes the row."""
        return (
            f"INSERT INTO dialogue_writers (writer_id, batch) VALUES ('{self._id}', 0) "
            "ON CONFLICT (writer_id) DO NOTHING"
        )

    async def was_kept(self, opened: Open) -> bool:
        """Whether the last transaction was committed; waits for a backend that still runs it.

        Raises CommitUnknown where the row is gone, and nobody knows any more.
        """
        number = await opened.raw.fetchval(ASK, self._id)
        if number is None:
            raise CommitUnknown("the row of this node in dialogue_writers is gone")
        return bool(number == self._number)
