"""Takes over the database at argv[1] and kills itself, as `kill -9` would, at the point that argv[2] and argv[3] name.

`statement N` is before the N-th statement, `progress N` at the N-th report, `commit` before COMMIT, `committed`
after it; `count` kills nothing and prints how many statements there are.
"""

from __future__ import annotations

import os
import signal
import sys
from itertools import count

import anyio
from sqlalchemy import Engine, Pool, event

from dialogue.adapters.sqlmodel.sqlite.database import SqliteDatabase

PATH, POINT, NUMBER = sys.argv[1], sys.argv[2], int(sys.argv[3])

statements = count()
reports = count()
commits = count()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def at_statement(*_: object) -> None:
    if next(statements) == NUMBER and POINT == "statement":
        die()


def at_commit(*_: object) -> None:
    if POINT == "commit":
        die()


def at_release(*_: object) -> None:
    if POINT == "committed":
        die()


def at_report(_done: int, _total: int) -> None:
    if next(reports) == NUMBER and POINT == "progress":
        die()


event.listen(Engine, "before_cursor_execute", at_statement)
event.listen(Engine, "commit", at_commit)
event.listen(Pool, "reset", at_release)
anyio.run(SqliteDatabase(f"sqlite:///{PATH}").migrate, at_report)
print(next(statements))
