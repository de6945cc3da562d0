"""A takeover that is killed leaves the database wholly the seed's or wholly ours, and the next start completes it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import psycopg
import pytest

from ...support.patience import wait_until
from ...support.postgresql import PostgresqlServer, postgresql
from .postgresql_migrating import migrate, query, schema
from .postgresql_seed import AS_TEXTS, make_many

COUNT = 12_000
CHILD = f"{__package__}.killed_postgresql_takeover"
FIRST_VERSION = "SELECT 1 FROM pg_attribute WHERE attrelid = 'messages'::regclass AND attname = 'event_seq'"
HEADS = "SELECT room_id, head, last_timestamp FROM dialogue_rooms ORDER BY room_id"
OTHERS = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
RUNNING = "SELECT 1 FROM pg_stat_activity WHERE datname = %s AND state = 'active' AND query ~ %s"

POINTS = [
    *(("statement", percent) for percent in (2, 20, 40, 99)),
    *(("progress", number) for number in (0, 1, 3, 6)),
    ("commit", 0),
    ("committed", 0),
]


def start(url: str, how: str, point: str = "none", number: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", CHILD, url, how, point, str(number)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextmanager
def running(url: str, statement: str) -> Iterator[subprocess.Popen[str]]:
    """A takeover that is left alone, which runs that statement at this moment; it takes some ten milliseconds."""
    with psycopg.connect(url.rpartition("/")[0] + "/postgres", autocommit=True) as looking:
        child = start(url, "outside")
        try:
            end = monotonic() + 60
            while not looking.execute(RUNNING, [url.rpartition("/")[2], f"^\\s*{statement}"]).fetchall():
                assert child.poll() is None, "it ended before that statement was seen"
                assert monotonic() < end, "it does not come to that statement"
            yield child
        finally:
            child.kill()
            child.communicate(timeout=200)


def wait_for_its_backend(url: str) -> None:
    """A backend sees only after its present statement that its client has gone."""
    wait_until(lambda: not query(url, OTHERS), 30, "its backend stays")


@pytest.fixture(scope="module")
def template(postgresql_server: PostgresqlServer) -> Iterator[str]:
    """The name of a database of the seed's."""
    with postgresql_server.database() as url:
        make_many(url, COUNT)
        yield url.rpartition("/")[2]


@pytest.fixture
def url(postgresql_server: PostgresqlServer, template: str) -> Iterator[str]:
    """A database of the seed's of the test's own."""
    with postgresql_server.database(template) as url:
        yield url


@pytest.fixture(scope="module")
def taken_over(postgresql_server: PostgresqlServer, template: str) -> tuple[int, list[Any], list[Any]]:
    """A takeover that was left alone: how many statements it takes, the rows and the schema that come of it."""
    with postgresql_server.database(template) as url:
        child = start(url, "count")
        out, errors = child.communicate(timeout=200)
        assert child.returncode == 0, errors
        return int(out), query(url, AS_TEXTS), schema(url)


async def goes_on(url: str, taken_over: tuple[int, list[Any], list[Any]]) -> None:
    """The next start completes it."""
    await migrate(url)
    assert (query(url, AS_TEXTS), schema(url)) == taken_over[1:]
    assert query(url, HEADS) == query(
        url, "SELECT room_id, max(seq), max(timestamp) FROM messages GROUP BY room_id ORDER BY room_id"
    )


@pytest.mark.parametrize(("point", "number"), POINTS)
@pytest.mark.parametrize("how", ["kill", "terminate"])
async def test_an_ended_takeover_is_undone_or_done(
    url: str, taken_over: tuple[int, list[Any], list[Any]], how: str, point: str, number: int
) -> None:
    statements, ours, _ = taken_over
    seeds, seeds_schema = query(url, AS_TEXTS), schema(url)
    child = start(url, how, point, number * statements // 100 if point == "statement" else number)
    _, errors = child.communicate(timeout=200)
    assert child.returncode == (-signal.SIGKILL if how == "kill" else 1), errors
    wait_for_its_backend(url)
    is_ours = bool(query(url, FIRST_VERSION))
    assert is_ours == (point == "committed" or (point, number) == ("statement", 99))
    if is_ours:
        assert query(url, AS_TEXTS) == ours
    else:
        assert (query(url, AS_TEXTS), schema(url)) == (seeds, seeds_schema)
    await goes_on(url, taken_over)


@pytest.mark.parametrize("statement", ["CREATE UNLOGGED", "UPDATE messages", r"ALTER TABLE messages\s+ALTER"])
async def test_a_process_that_is_killed_during_a_statement_leaves_the_seeds_table(
    url: str, taken_over: tuple[int, list[Any], list[Any]], statement: str
) -> None:
    seeds, seeds_schema = query(url, AS_TEXTS), schema(url)
    with running(url, statement) as child:
        child.kill()
    wait_for_its_backend(url)
    if not query(url, FIRST_VERSION):
        assert (query(url, AS_TEXTS), schema(url)) == (seeds, seeds_schema)
    await goes_on(url, taken_over)


async def test_a_server_that_is_killed_has_the_seeds_table_when_it_is_back() -> None:
    with postgresql(durable=True) as server:
        url = server.url()
        make_many(url, COUNT)
        seeds, seeds_schema = query(url, AS_TEXTS), schema(url)
        with running(url, "UPDATE messages") as child:
            server.kill()
            assert child.wait(60) == 1
        server.start()
        assert (query(url, AS_TEXTS), schema(url)) == (seeds, seeds_schema)
        await migrate(url)
        assert query(url, "SELECT count(*), count(seq) FROM messages") == [(COUNT, COUNT)]
