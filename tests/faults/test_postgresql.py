"""A PostgreSQL that goes away and comes back, and neighbours in it: what is said meanwhile, and that all goes on."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from functools import partial
from random import Random

import psycopg
import pytest
from anyio import create_task_group, current_time, to_thread

from ..support.patience import wait_until
from ..support.postgresql import PostgresqlServer, postgresql
from ..support.server_process import ServerProcess
from ..support.wire_client import WireClient, connected, seqs
from .conftest import Report, Serve
from .crowd import Crowd
from .serving import kept_by

LONG_S = 200.0
DEADLINE_S = 60.0
PUBLISHES = 150
TIMEOUT_S = 4
"""Long enough for a publish on a machine that is busy."""

END_ALL = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
CLIENTS_OF_SHOP = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'shop'"
WAITS_FOR_A_LOCK = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


@pytest.fixture(scope="module")
def database() -> Iterator[PostgresqlServer]:
    """A PostgreSQL that fsyncs, and that may be stopped."""
    with postgresql(durable=True) as server:
        yield server


@pytest.fixture
def url(database: PostgresqlServer) -> Iterator[str]:
    """An empty database in it."""
    with database.database() as url:
        yield url


def restart(database: PostgresqlServer, _crowd: Crowd) -> None:
    """Stop it cleanly, and start it again."""
    database.restart()


def kill(database: PostgresqlServer, _crowd: Crowd) -> None:
    """Kill it with all its backends, wherever they are, and start it again."""
    database.kill()
    database.start()


def stay_away(database: PostgresqlServer, crowd: Crowd) -> None:
    """Kill it, and start it again when requests have come to their deadline, also those whose outcome is unknown."""
    database.kill()
    refused = crowd.counts["unavailable"]
    wait_until(lambda: crowd.counts["unavailable"] > refused + 50, DEADLINE_S, "nobody is told")
    database.start()


def end_backends(database: PostgresqlServer, _crowd: Crowd) -> None:
    """End every connection of the server, wherever it is in a commit."""
    with psycopg.connect(database.url(), autocommit=True) as connection:
        ended = partial(connection.execute, END_ALL)  # it has none for a moment, where it is about to make them anew
        wait_until(lambda: ended().fetchone() != (0,), DEADLINE_S, "it makes no connection")


@pytest.mark.parametrize(("interrupt", "times"), [(restart, 2), (kill, 3), (stay_away, 2), (end_backends, 5)])
async def test_nothing_answered_is_lost_while_postgresql_goes_and_comes_back(
    serve: Serve,
    database: PostgresqlServer,
    url: str,
    random: Random,
    report: Report,
    interrupt: Callable[[PostgresqlServer, Crowd], None],
    times: int,
) -> None:
    """What is refused is nowhere, what is answered is there once, and each client sees one sequence throughout."""
    server = serve(database=url, request_timeout_s=2)
    crowd = Crowd(server, random, size=6, may_fail=True)

    async def interrupt_now_and_then() -> None:
        for number in range(times + 1):
            wanted = crowd.ledger.answered + random.randint(10, 100)
            await to_thread.run_sync(
                wait_until, lambda wanted=wanted: crowd.ledger.answered >= wanted, DEADLINE_S, "nothing goes on"
            )
            if number < times:
                await to_thread.run_sync(interrupt, database, crowd)
        crowd.ends_at = current_time()

    async with create_task_group() as tasks:
        tasks.start_soon(crowd.run, LONG_S)
        tasks.start_soon(interrupt_now_and_then)
    assert server.stop() == 0
    report(crowd.check())


@asynccontextmanager
async def member_of(server: ServerProcess, room_id: str) -> AsyncIterator[WireClient]:
    """Somebody who publishes there."""
    async with connected(server.ws, f"in {room_id}") as client:
        await client.join(room_id, events=[])
        yield client


async def times_of(client: WireClient, room_id: str) -> list[float]:
    """How long publishing took, one event after the other, in ms, the shortest first."""
    taken = []
    for _ in range(PUBLISHES):
        began = time.perf_counter()
        await client.trigger(room_id)
        taken.append((time.perf_counter() - began) * 1_000)
    return sorted(taken)


async def test_a_transaction_that_stays_open_on_one_room_holds_up_that_room_alone(
    serve: Serve, url: str, report: Report
) -> None:
    """Others publish as ever beside it; what waits for the room is refused at its deadline, and then is nowhere."""
    server = serve(database=url, request_timeout_s=TIMEOUT_S)
    async with member_of(server, "hall") as ada, member_of(server, "side") as bob:
        await ada.publish("hall", 3)
        alone = await times_of(bob, "side")
        with closing(psycopg.connect(url)) as other:
            other.execute("SELECT head FROM dialogue_rooms WHERE room_id = 'hall' FOR UPDATE")
            waiting = [await ada.send("trigger", roomId="hall", event="note", data={"text": "lost"}) for _ in range(8)]
            beside = await times_of(bob, "side")
            assert {answer.get("code") for answer in await ada.answers(waiting)} == {"UNAVAILABLE"}
        assert await ada.publish("hall", 3) == [4, 5, 6]
    p90 = [times[PUBLISHES * 9 // 10] for times in (alone, beside)]
    report(f"p90 without it {p90[0]:.1f} ms, beside it {p90[1]:.1f} ms")
    assert p90[1] < max(5 * p90[0], TIMEOUT_S * 500)  # held up by the room, it would be twice as much: the deadline
    assert server.stop() == 0
    assert "lost" not in str(kept_by(server).events("hall"))


async def test_what_waits_for_a_room_goes_on_in_its_order_when_the_transaction_ends(serve: Serve, url: str) -> None:
    server = serve(database=url, request_timeout_s=30)
    async with member_of(server, "hall") as ada, connected(server.ws, "bob") as bob:
        await bob.join("hall")
        with closing(psycopg.connect(url)) as other, psycopg.connect(url) as watching:
            watching.autocommit = True
            other.execute("SELECT head FROM dialogue_rooms WHERE room_id = 'hall' FOR UPDATE")
            waiting = [await ada.send("trigger", roomId="hall", event="note", data={"n": n}) for n in range(20)]

            def is_waited_for() -> bool:
                return watching.execute(WAITS_FOR_A_LOCK).fetchone() != (0,)

            await to_thread.run_sync(wait_until, is_waited_for, DEADLINE_S, "nobody waits for the room")
        assert [answer["seq"] for answer in await ada.answers(waiting)] == [*range(1, 21)]
        events = await bob.events(20)
        assert seqs(events) == [*range(1, 21)]
        assert [event["data"]["n"] for event in events] == [*range(20)]


async def test_where_no_connection_is_to_be_had_it_says_so_and_goes_on_when_there_is(
    serve: Serve, database: PostgresqlServer
) -> None:
    """As where others have all of them: here the server's role may have none for a while."""
    with psycopg.connect(database.url(), autocommit=True) as owner:
        owner.execute("CREATE ROLE shop LOGIN")
        owner.execute("CREATE DATABASE shop OWNER shop")
        url = database.url("shop").replace("dialogue@", "shop@")
        server = serve(database=url, request_timeout_s=TIMEOUT_S)
        async with member_of(server, "hall") as ada:
            await ada.publish("hall", 3)
            owner.execute("ALTER ROLE shop CONNECTION LIMIT 0")
            owner.execute(END_ALL)

            def are_gone() -> bool:
                return owner.execute(CLIENTS_OF_SHOP).fetchone() == (0,)

            await to_thread.run_sync(wait_until, are_gone, DEADLINE_S, "they do not end")
            with pytest.raises(psycopg.OperationalError, match="too many connections"):
                psycopg.connect(url)
            for _ in range(2):
                refused = await ada.refused("trigger", roomId="hall", event="note", data={"text": "lost"})
                assert refused["code"] == "UNAVAILABLE"
            owner.execute("ALTER ROLE shop CONNECTION LIMIT -1")
            answer = await ada.ask("ping")
            while answer["type"] != "triggered":
                answer = await ada.answer(await ada.send("trigger", roomId="hall", event="note", data={"text": "kept"}))
            assert answer["seq"] == 4
    assert server.stop() == 0
    assert [event["data"] for event in kept_by(server).events("hall")][3:] == [{"text": "kept"}]
