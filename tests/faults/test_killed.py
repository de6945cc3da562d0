"""A server that is killed, at any moment and many times over one file, loses nothing that it answered for."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from random import Random

import pytest
from anyio import to_thread

from ..support.postgresql import PostgresqlServer
from .conftest import Report, Serve
from .flood import Flood

KILLS = 12
POINTS = {"statement": 200, "instruction": 60, "commit": 30, "committed": 30}


def drawn_points(random: Random) -> list[str]:
    """So many points of each kind, that each is among them: most of them between two statements."""
    kinds = ["statement"] * 12 + ["instruction"] * 5 + ["commit"] * 2 + ["committed"] * 2
    return [f"{kind} {random.randint(1, POINTS[kind])}" for kind in kinds]


@pytest.fixture
def postgresql_url(postgresql_server: PostgresqlServer) -> Iterator[str]:
    """An empty database."""
    with postgresql_server.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> dict[str, str]:
    """Where a server keeps everything, as its settings say it."""
    return {} if request.param == "sqlite" else {"database": request.getfixturevalue("postgresql_url")}


async def test_nothing_answered_is_lost_and_nothing_is_half_there_after_kills_under_load(
    serve: Serve, random: Random, report: Report, database: dict[str, str]
) -> None:
    """kill -9, many times over one database, each after a drawn number of answers: every answered event is at its seq
    with its data, seqs and event seqs have no hole, and nobody was shown what is not kept. What was not answered is
    sent again with its key, and is there once."""
    server = serve(**database)
    flood = Flood(server, random)
    for _ in range(KILLS):
        await flood.until_ended(server.kill, after=random.randint(1, 400))
        await to_thread.run_sync(server.start)
        flood.check()
    await flood.catch_up()
    kept = flood.check()
    report(f"{KILLS} kills, {len(kept):,} events kept, {flood.ledger.answered:,} answered for")


async def test_a_commit_that_is_killed_at_any_point_is_there_wholly_or_not_at_all(
    serve: Serve, random: Random, report: Report
) -> None:
    """The server kills itself between two statements of a commit, in the middle of one, just before COMMIT and just
    after it: what was answered is there, the heads of rooms and streams are those of their events, and it goes on."""
    points = drawn_points(random)
    server = serve("dying", DIE_AT=points[0])
    flood = Flood(server, random)
    for following in [*points[1:], "statement 1000000000"]:
        await flood.until_ended()
        assert await to_thread.run_sync(server.exit_code) == -signal.SIGKILL, server.log
        server.settings["DIE_AT"] = following
        await to_thread.run_sync(server.start)
        flood.check()
    await flood.catch_up()
    kept = flood.check()
    report(f"{len(points)} kills, {len(kept):,} events kept, {flood.ledger.answered:,} answered for: {points}")
