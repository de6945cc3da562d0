"""Two and three nodes over one PostgreSQL, each a real process: one sequence for all, whatever happens to a node.

A crowd whose clients check each other is on all nodes at once; each time it comes back it is to the next one.
"""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from functools import partial
from random import Random
from typing import Any

import pytest
from anyio import create_task_group, current_time, to_thread

from ..support.cutting_proxy import CuttingProxy, cutting_proxy
from ..support.patience import wait_until
from ..support.postgresql import PostgresqlServer
from ..support.server_process import ServerProcess
from ..support.shared_postgresql import database_with_tables
from ..support.valkey import ValkeyServer, valkey
from .conftest import Report, Serve
from .crowd import Crowd
from .delays import delay_ms, settled_ms
from .flood import Flood
from .views import Clock

DEADLINE_S = 90.0
LONG_S = 300.0
AFTERWARDS_S = 1.0
AWAY_S = 3.0
POLL_S = 4.0
BY_BUS_MS = POLL_S * 1_000 / 2
"""Each event is sent when the one before it has come. By the poll each therefore takes as long as from one to the
next; by the bus it is some milliseconds, and on a machine that is busy still far less than this."""


@pytest.fixture
def url() -> Iterator[str]:
    """An empty database, for all nodes of a test."""
    with database_with_tables() as url:
        yield url


@pytest.fixture
def own_valkey() -> Iterator[ValkeyServer]:
    """A Valkey that may be stopped."""
    with valkey() as server:
        yield server


def crowd_of(nodes: list[ServerProcess], random: Random, **options: object) -> Crowd:
    """A crowd on all of them."""
    return Crowd(nodes[0], random, others=nodes[1:], clock=Clock.SEVERAL, **options)  # type: ignore[arg-type]


async def run_through(crowd: Crowd, act: Callable[[], Coroutine[None, None, None]]) -> None:
    """Let the crowd at its nodes until all has been done that is done to them."""
    async with create_task_group() as tasks:
        tasks.start_soon(crowd.run, LONG_S)
        await act()
        await crowd.goes_on_for(AFTERWARDS_S)
        crowd.ends_at = current_time()


async def goes_on(crowd: Crowd, amount: int) -> None:
    """Return when so many more events have been answered for."""
    wanted = crowd.ledger.answered + amount
    await to_thread.run_sync(wait_until, lambda: crowd.ledger.answered >= wanted, DEADLINE_S, "nothing goes on")


async def check(crowd: Crowd) -> str:
    """Stop all nodes, and hold all views against the database; the figures."""
    for server in crowd.servers:
        assert await to_thread.run_sync(server.stop) == 0, server.log
        assert server.faults == []
    return crowd.check()


@pytest.mark.parametrize(("count", "bus"), [(2, "postgres"), (3, "postgres"), (2, "valkey")])
async def test_clients_of_all_nodes_see_one_sequence_which_is_the_one_that_is_kept(
    serve: Serve, url: str, random: Random, report: Report, count: int, bus: str, request: pytest.FixtureRequest
) -> None:
    """20 write, 20 page in all forms, 20 come and go from node to node: no gap, no repeat, one order."""
    if bus == "valkey":
        bus = request.getfixturevalue("valkey_server").url
    nodes = [serve(database=url, bus=bus) for _ in range(count)]
    crowd = crowd_of(nodes, random)
    await crowd.run(3)
    report(await check(crowd))


async def test_clients_of_a_killed_node_come_to_another_and_miss_nothing(
    serve: Serve, url: str, random: Random, report: Report
) -> None:
    """kill -9 under load, each of three nodes in its turn, and it comes back: nothing that was answered is lost."""
    nodes = [serve(database=url, bus="postgres") for _ in range(3)]
    crowd = crowd_of(nodes, random, size=8, is_mortal=True)

    async def kill_one_after_the_other() -> None:
        for _ in range(3):
            await goes_on(crowd, random.randint(50, 150))
            dead = crowd.server
            crowd.server = crowd.others.pop(0)
            dead.kill()
            await goes_on(crowd, 50)
            await to_thread.run_sync(dead.start)
            crowd.others.append(dead)

    await run_through(crowd, kill_one_after_the_other)
    report(await check(crowd))


async def test_what_a_killed_node_has_not_answered_is_sent_to_another_and_is_there_once(
    serve: Serve, url: str, random: Random, report: Report
) -> None:
    """Writers and watchers go to the other node at each kill, to and fro; what they send again has its key."""
    kills = 6
    one, other = (serve(database=url, bus="postgres") for _ in range(2))
    flood = Flood(one, random)
    for _ in range(kills):
        await flood.until_ended(flood.server.kill, after=random.randint(20, 300))
        one, other = other, one
        flood.server = one
        await to_thread.run_sync(other.start)
    await flood.catch_up()
    kept = flood.check()
    report(f"{kills} kills, {len(kept):,} events kept, {flood.ledger.answered:,} answered for")


def be_silent(proxy: CuttingProxy) -> None:
    """Let all that is sent disappear."""
    proxy.is_silent = True


def refuse(proxy: CuttingProxy) -> None:
    """Cut everybody off, and let nobody in."""
    proxy.refuses = True
    proxy.cut()


def heal(proxy: CuttingProxy) -> None:
    """Carry again, over new connections."""
    proxy.refuses = proxy.is_silent = False
    proxy.cut()


@asynccontextmanager
async def proxied(
    serve: Serve, server: PostgresqlServer, url: str, request_timeout_s: float
) -> AsyncIterator[tuple[Crowd, list[CuttingProxy]]]:
    """Two nodes, the second of which reaches the database and the bus through a proxy each."""
    settings: dict[str, Any] = {
        "poll_interval_s": POLL_S,
        "request_timeout_s": request_timeout_s,
        "idle_transaction_timeout_s": 1,
    }
    async with cutting_proxy(server.port) as database, cutting_proxy(server.port) as bus:
        through = [url.replace(f":{server.port}/", f":{proxy.port}/") for proxy in (database, bus)]
        one = await to_thread.run_sync(partial(serve, database=url, bus="postgres", **settings))
        other = await to_thread.run_sync(partial(serve, database=through[0], bus=through[1], **settings))
        yield crowd_of([one, other], Random(0), size=6), [database, bus]


@pytest.mark.parametrize(
    ("names", "cut"),
    [("bus", be_silent), ("database", be_silent), ("database and bus", refuse)],
)
async def test_a_node_that_was_cut_off_goes_on_without_gap_or_repeat_and_as_fast_as_before(
    serve: Serve,
    postgresql_server: PostgresqlServer,
    url: str,
    random: Random,
    report: Report,
    names: str,
    cut: Callable[[CuttingProxy], None],
) -> None:
    """From the bus, from the database, from both, for some seconds; the other node goes on meanwhile."""
    may_fail = "database" in names
    async with proxied(serve, postgresql_server, url, 2 if may_fail else 30) as (crowd, (database, bus)):
        crowd.random, crowd.may_fail = random, may_fail
        before = await settled_ms(crowd, crowd.servers, BY_BUS_MS)
        proxies = [proxy for name, proxy in (("database", database), ("bus", bus)) if name in names]

        async def cut_it_off() -> None:
            await goes_on(crowd, 50)
            for proxy in proxies:
                cut(proxy)
            await goes_on(crowd, 50)
            await crowd.goes_on_for(AWAY_S)
            for proxy in proxies:
                heal(proxy)

        await run_through(crowd, cut_it_off)
        after = await settled_ms(crowd, crowd.servers, BY_BUS_MS)
        assert after < BY_BUS_MS
        back = await delay_ms(crowd, crowd.servers[::-1])
        assert back < BY_BUS_MS
        report(f"before {before:.1f} ms, after {after:.1f} ms, the other way {back:.1f} ms; {await check(crowd)}")


async def test_while_a_node_is_stopped_the_others_go_on_and_then_it_does(
    serve: Serve, url: str, random: Random, report: Report
) -> None:
    """SIGSTOP in the middle of its work, with what it has locked: PostgreSQL ends that, after its time-out."""
    settings: dict[str, Any] = {"request_timeout_s": 2, "idle_transaction_timeout_s": 1, "bus": "postgres"}
    nodes = [serve(database=url, **settings) for _ in range(2)]
    crowd = crowd_of(nodes, random, size=6, may_fail=True)

    async def stop_it_now_and_then() -> None:
        for _ in range(2):
            await goes_on(crowd, random.randint(20, 60))
            nodes[1].send_signal(signal.SIGSTOP)
            await goes_on(crowd, 100)
            await crowd.goes_on_for(AWAY_S / 2)
            nodes[1].send_signal(signal.SIGCONT)

    await run_through(crowd, stop_it_now_and_then)
    report(await check(crowd))


async def test_nothing_is_lost_while_valkey_is_restarted(
    serve: Serve, url: str, own_valkey: ValkeyServer, random: Random, report: Report
) -> None:
    """Three times under load: nothing fails meanwhile, and then events come as fast as before."""
    nodes = [serve(database=url, bus=own_valkey.url, poll_interval_s=POLL_S) for _ in range(2)]
    crowd = crowd_of(nodes, random, size=6)
    before = await settled_ms(crowd, nodes, BY_BUS_MS)

    async def restart() -> None:
        for _ in range(3):
            await goes_on(crowd, random.randint(20, 60))
            await to_thread.run_sync(own_valkey.restart)

    await run_through(crowd, restart)
    after = await settled_ms(crowd, nodes, BY_BUS_MS)
    assert after < BY_BUS_MS
    report(f"before {before:.1f} ms, after {after:.1f} ms; {await check(crowd)}")
