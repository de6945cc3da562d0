"""A takeover that is killed leaves the database wholly the seed's or wholly ours, and the next start completes it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dialogue.adapters.sqlmodel.sqlite.database import SqliteDatabase

from ...support.forked import run_process
from .seed import Row, make_seed, query, schema, some_rows

# Large enough that SQLite writes parts of the transaction into the file, with a journal beside it, before the commit.
COUNT = 12_000
CHILD = Path(__file__).with_name("killed_takeover.py")
OURS = "SELECT id, room_id, event_name, event_data, from_user, timestamp, created_at, seq, event_seq FROM messages"

POINTS = [
    *(("statement", number) for number in (1, 8, 16, 23)),
    *(("progress", number) for number in (0, 1, 3, 5, 6)),
    *(("statement", -number) for number in (12, 8, 4, 1)),
    ("commit", 0),
    ("committed", 0),
]


def rows() -> list[Row]:
    return [replace(row, event_data='{"text":"%s"}' % ("x" * 400)) for row in some_rows(COUNT)]


def run(path: Path, point: str, number: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(CHILD), str(path), point, str(number)]
    return run_process(command, path.parent, os.environ, 60)


def journal(path: Path) -> bool:
    """Whether the file itself was written to, and has to be put right from the journal."""
    return Path(f"{path}-journal").exists()


@pytest.fixture(scope="module")
def taken_over(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, list[tuple[Any, ...]], set[str]]:
    """A takeover that was left alone: how many statements it takes, the rows and the schema that come of it."""
    path = tmp_path_factory.mktemp("whole") / "chat.db"
    make_seed(path, rows())
    done = run(path, "count", 0)
    assert done.returncode == 0, done.stderr
    return int(done.stdout), query(path, OURS + " ORDER BY id"), schema(path)


@pytest.mark.parametrize(("point", "number"), POINTS)
async def test_a_killed_takeover_is_undone_or_done(
    path: Path, taken_over: tuple[int, list[tuple[Any, ...]], set[str]], point: str, number: int
) -> None:
    statements, ours, our_schema = taken_over
    make_seed(path, rows())
    seeds, seeds_schema = query(path, "SELECT * FROM messages ORDER BY id"), schema(path)
    killed = run(path, point, number % statements)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert journal(path) or point != "commit"
    # Wholly ours is also what the first migration has done, and a later one has not.
    is_ours = bool(query(path, "SELECT 1 FROM pragma_table_info('messages') WHERE name = 'event_seq'"))
    assert is_ours == (point == "committed") or (point == "statement" and number < 0)
    if is_ours:
        assert query(path, OURS + " ORDER BY id") == ours
    else:
        assert (schema(path), query(path, "SELECT * FROM messages ORDER BY id")) == (seeds_schema, seeds)
    await SqliteDatabase(f"sqlite:///{path}").migrate()
    assert (schema(path), query(path, OURS + " ORDER BY id")) == (our_schema, ours)
    heads = query(path, "SELECT room_id, head, last_timestamp FROM dialogue_rooms ORDER BY room_id")
    assert heads == query(
        path, "SELECT room_id, max(seq), max(timestamp) FROM messages GROUP BY room_id ORDER BY room_id"
    )
