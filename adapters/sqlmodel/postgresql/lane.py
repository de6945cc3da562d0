"""A lane: transactions that run one after the other, and a row by which it is found out how the last one ended."""

from __future__ import annotations

from .transaction import Open


class Unsigned(Exception):
    """The lane's row is not there."""


class Lane:
    """Numbers its transactions. Each writes its number first, so that the row is locked for as long as it runs.

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

    def name(self) -> str:
        """What the next transaction is called in pg_stat_activity, and nothing else is."""
        return f"dialogue {self._id} {self._number + 1}"

    def sign(self) -> str:
        """The statement that signs the next transaction."""
        self._number += 1
        return f"UPDATE dialogue_writers SET batch = {self._number} WHERE writer_id = '{self._id}'"

    def ensure_signed(self, said: str) -> None:
        """Raise Unsigned where the server's answer to `sign` says that the row is not there."""
        if said != "UPDATE 1":
            raise Unsigned(said)

    def enter(self) -> str:
        """The statement that makes the row."""
        return (
            f"INSERT INTO dialogue_writers (writer_id, batch) VALUES ('{self._id}', 0) "
            "ON CONFLICT (writer_id) DO NOTHING"
        )

    async def was_kept(self, opened: Open) -> bool:
        """Whether the last transaction was committed; waits for a backend that still runs it."""
        ask = "SELECT batch FROM dialogue_writers WHERE writer_id = $1 FOR UPDATE"
        return bool(await opened.raw.fetchval(ask, self._id) == self._number)
