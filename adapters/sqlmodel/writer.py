"""The journal's own row, by which it is found out whether a batch was committed."""

from __future__ import annotations

import secrets

from sqlalchemy import BindParameter, Connection, bindparam, select

from .tables import writers

_writer_id: BindParameter[str] = bindparam("b_writer_id")
SIGN = writers.update().where(writers.c.writer_id == _writer_id).values(batch=bindparam("b_batch"))
BATCH = select(writers.c.batch).where(writers.c.writer_id == _writer_id)


class Writer:
    """Numbers batches; each batch's transaction writes its number, so that the row tells which was the last kept.

    Where a connection breaks in the middle of a commit, nobody else knows how that ended.
    """

    def __init__(self) -> None:
        self._id = secrets.token_hex(8)
        self._batch = 0

    def next(self) -> int:
        """The next batch's number."""
        self._batch += 1
        return self._batch

    def sign(self, connection: Connection, batch: int) -> None:
        """Write the number, as part of the batch's transaction."""
        if connection.execute(SIGN, {"b_writer_id": self._id, "b_batch": batch}).rowcount == 0:
            connection.execute(writers.delete())  # SQLite has one writer: the others' lives are over
            connection.execute(writers.insert(), {"writer_id": self._id, "batch": batch})

    def has_kept(self, connection: Connection, batch: int) -> bool:
        """Whether the batch of that number, the last one that was signed, was committed."""
        return connection.execute(BATCH, {"b_writer_id": self._id}).scalar() == batch
