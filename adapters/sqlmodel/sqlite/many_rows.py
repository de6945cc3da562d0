"""One statement for many rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import Any

Row = Sequence[Any]

SIZES = (64, 16, 4, 1)
"""So many rows go into one statement. There are few sizes, so that the driver keeps each statement prepared; 64 rows of
nine columns stay below the 999 variables that old versions of SQLite take."""


class ManyRows:
    """An INSERT that is run for many rows, as many of them at a time as a statement takes.

    The driver gives the interpreter away for each step of a statement, and a row of `executemany` is a step of its own:
    where the event loop is busy the writer got it back a moment later, for each row of each batch.

    Where a row is refused, the rows of the same statement in front of it stay (OR FAIL), so the transaction has to be
    rolled back. To take them back itself SQLite would have to keep a copy of each page that the statement touches.
    """

    def __init__(self, table: str, row: str, then: str = "") -> None:
        """`table` is its name and columns, `row` a row of parameters in brackets, `then` what follows the rows."""
        into = f"INSERT OR FAIL INTO {table} VALUES"
        self._statements = [(size, f"{into} {', '.join([row] * size)} {then}") for size in SIZES]

    def execute(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
        """Run the statement for each of the rows; for none, nothing."""
        begin = 0
        for size, statement in self._statements:
            while len(rows) - begin >= size:
                connection.execute(statement, tuple(chain.from_iterable(rows[begin : begin + size]))).close()
                begin += size
