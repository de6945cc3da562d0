"""Takes over the PostgreSQL database at argv[1], and is ended at the point that argv[3] and argv[4] name.

argv[2] says how: `kill` is what `kill -9` does to this process, `terminate` ends its backend. `statement N` is before
the N-th statement, `progress N` at the N-th report, `commit` before the first COMMIT, `committed` before the second;
`count` ends nothing. It prints how many statements there are.
"""

from __future__ import annotations

import os
import signal
import sys
from itertools import count

import anyio
import psycopg
from sqlalchemy import Engine, event

from dialogue.adapters.sqlmodel.migrations.seed import postgresql_rows

from .postgresql_migrating import migrate

URL, HOW, POINT, NUMBER = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
BACKENDS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

postgresql_rows.ROWS_AT_ONCE = 2_000
statements = count()
reports = count()
commits = count()


def end() -> None:
    if HOW == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    with psycopg.connect(URL, autocommit=True) as other:
        assert other.execute(BACKENDS).fetchall() == [(True,)]


def at_statement(*_: object) -> None:
    if next(statements) == NUMBER and POINT == "statement":
        end()


def at_commit(*_: object) -> None:
    # The first one makes the tables; the second one belongs to the migration behind it.
    number = next(commits)
    if (POINT == "commit" and number == 0) or (POINT == "committed" and number == 1):
        end()


def at_report(_done: int, _total: int) -> None:
    if next(reports) == NUMBER and POINT == "progress":
        end()


event.listen(Engine, "before_cursor_execute", at_statement)
event.listen(Engine, "commit", at_commit)
anyio.run(migrate, URL, at_report)
print(next(statements))
