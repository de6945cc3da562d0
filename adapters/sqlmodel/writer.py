"""Rows of this node's own, by which it is found out whether a transaction was committed."""

from __future__ import annotations

from sqlalchemy import BindParameter, Connection, bindparam, select

from .tables import writers

_writer_id: BindParameter[str] = bindparam("b_writer_id")
SIGN = writers.update().where(writers.c.writer_id == _writer_id).values(batch=bindparam("b_batch"))
BATCH = select(writers.c.batch).where(writers.c.writer_id == _writer_id)


class Writer:
    """Numbers transactions that run one after the other; each writes its number, so that the row tells the last kept.

    Where a connection breaks in the middle of a commit, nobody else knows how that ended.
    """

    def __init__(self, writer_id: str) -> None:
        self.id = writer_id
        self._number = 0

    def sign(self, connection: Connection) -> None:
        """Write the next number, as part of its transaction."""
        self._number += 1
        if connection.execute(SIGN, {"b_writer_id": self.id, "b_batch": self._number}).rowcount == 0:
            connection.execute(writers.insert(), {"writer_id": self.id, "batch": self._number})

    def has_kept(self, connection: Connection) -> bool:
        """Whether the last transaction that was signed was committed."""
        return connection.execute(BATCH, {"b_writer_id": self.id}).scalar() == self._number


class Writers:
    """The writers of one node: a transaction has one for itself until its outcome is known."""

    def __init__(self, node_id: str) -> None:
        self._node_id = node_id
        self._free: list[Writer] = []
        self._count = 0

    def take(self) -> Writer:
        """One that nobody has."""
        if self._free:
            return self._free.pop()
        self._count += 1
        return Writer(f"{self._node_id}.{self._count}")

    def give_back(self, writer: Writer) -> None:
        """Let the next transaction have it: how the last one ended is known."""
        self._free.append(writer)
