"""A server that is asked to stop while everyone talks to it answers, tells everyone, and keeps all."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from functools import partial
from random import Random

from anyio import fail_after, to_thread

from .conftest import Report, Serve
from .flood import ROOMS, Flood
from .serving import database_of

GOING_AWAY = 1001


async def test_asked_to_stop_under_load_it_keeps_all_that_it_answered_for(
    serve: Serve, random: Random, report: Report
) -> None:
    """40 connections: each gets its answers and 1001, the process ends with 0, and what was answered is what is kept,
    and what every watcher has seen to its last event."""
    server = serve()
    flood = Flood(server, random, writers=20, watchers=20)
    await flood.until_ended(partial(server.send_signal, signal.SIGTERM), after=2_000)
    assert await to_thread.run_sync(server.exit_code) == 0
    assert server.faults == []
    assert flood.closes == {GOING_AWAY: 40}
    kept = flood.check()
    assert len(kept) == flood.ledger.answered
    for view in flood.views:
        assert view.cursor == len(kept.events(view.room_id))
    assert {view.room_id for view in flood.views} == set(ROOMS)
    report(f"{len(kept):,} events kept, and as many answered for")


async def test_asked_to_stop_while_the_database_is_locked_it_refuses_what_waits_and_ends(
    serve: Serve, random: Random
) -> None:
    """The events that wait are answered with UNAVAILABLE or not at all, are nowhere, and everyone gets 1001."""
    server = serve(request_timeout_s=3)
    flood = Flood(server, random, writers=20, watchers=3)

    def lock_and_stop() -> None:
        locking.execute("BEGIN EXCLUSIVE")
        server.send_signal(signal.SIGTERM)

    with closing(sqlite3.connect(database_of(server), isolation_level=None, timeout=10)) as locking, fail_after(100):
        await flood.until_ended(lock_and_stop, after=200)
        assert await to_thread.run_sync(server.exit_code) == 0
    assert flood.closes == {GOING_AWAY: 23}
    kept = flood.check()
    assert len(kept) == flood.ledger.answered
