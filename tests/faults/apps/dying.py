"""The rooms over SQLite, in a process that kills itself, as `kill -9` would, at the point that `DIE_AT` names.

`statement N` is before the N-th statement of the writing connection, counted from the first event that it writes;
`instruction N` in the middle of one, after N thousand steps of SQLite's machine; `commit N` before the N-th COMMIT,
`committed N` after it, before anyone is told.
"""

from __future__ import annotations

import os
import signal
from itertools import count
from typing import Any

from sqlalchemy import Engine, Pool, event

from .rooms import create

POINT, _, _number = os.environ["DIE_AT"].partition(" ")
NUMBER = int(_number)
STEPS = 1_000


class Death:
    """Watches the connection that events are written over, once it is known."""

    def __init__(self) -> None:
        self._writer: object = None
        self._passed = {kind: count(1) for kind in ("statement", "instruction", "commit", "committed")}

    def at_statement(self, _conn: Any, cursor: Any, statement: str, *_: object) -> None:
        """Before a statement of any connection."""
        if self._writer is None and statement.startswith("INSERT INTO messages"):
            self._writer = cursor.connection
            cursor.connection.set_progress_handler(self.at_instruction, STEPS)
        if self._writer is cursor.connection:
            self._pass("statement")

    def at_instruction(self) -> int:
        """Somewhere in a statement of the writing connection."""
        self._pass("instruction")
        return 0

    def at_commit(self, connection: Any) -> None:
        """Before a COMMIT."""
        if self._writer is connection.connection.dbapi_connection:
            self._pass("commit")

    def at_release(self, dbapi_connection: object, *_: object) -> None:
        """After a transaction."""
        if self._writer is dbapi_connection:
            self._pass("committed")

    def _pass(self, kind: str) -> None:
        if next(self._passed[kind]) == NUMBER and kind == POINT:
            os.kill(os.getpid(), signal.SIGKILL)


death = Death()
event.listen(Engine, "before_cursor_execute", death.at_statement)
event.listen(Engine, "commit", death.at_commit)
event.listen(Pool, "reset", death.at_release)
dialogue = create()
