"""Nodes over one PostgreSQL that fsyncs: what they keep a second, and how long an event takes from one to the other.

All of it runs on this machine: clients, nodes, database and bus share its processors.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import chain, cycle
from time import perf_counter

from ..support.postgresql import postgresql
from ..support.valkey import valkey
from .across_nodes import across_nodes
from .figures import Figure
from .publishing import publish
from .raw_client import DEADLINE_S, RawClient, close_all, open_many
from .requests import trigger
from .server_process import Server, running
from .setting import Setting
from .shared_rooms import SHARED_ROOMS, shared_room

ROOMS = (1, 50, SHARED_ROOMS)
CLIENTS = 200
"""All of them, on one node or shared among two; each waits for its answer before it goes on."""
EVENTS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Events that were answered (so: fsynced) in a second, and the nodes' processor time for one."""

    per_s: float
    cpu_s: float


async def measure(setting: Setting) -> list[Figure]:
    """For each bus: events a second on one node and on two, and the latency between these."""
    figures: list[Figure] = []
    without: list[Rate] = []
    with postgresql(durable=True) as server, valkey() as redis:
        for bus, address in {"none": "none", "postgres": "postgres", "redis": redis.url}.items():
            with server.database() as url:
                async with AsyncExitStack() as stack:
                    nodes = [await stack.enter_async_context(_node(setting, url, address, "one"))]
                    alone = [await _keep(nodes, rooms, setting) for rooms in ROOMS]
                    nodes.append(await stack.enter_async_context(_node(setting, url, address, "two")))
                    both = [await _keep(nodes, rooms, setting) for rooms in ROOMS]
                    latencies = await across_nodes(nodes[0], nodes[1], bus, setting)
            without = without or alone
            figures += _rates(bus, alone, both, without)
            figures += latencies
    return figures


def _rates(bus: str, alone: Sequence[Rate], both: Sequence[Rate], without: Sequence[Rate]) -> list[Figure]:
    figures = []
    for rooms, one, two, no_bus in zip(ROOMS, alone, both, without, strict=True):
        where = f"in {rooms:,} rooms" if rooms > 1 else "in one room"
        for nodes, rate, beside, remark in (
            ("one node", one, no_bus, "" if bus == "none" else "to no bus"),
            ("two nodes", two, one, "to one node"),
        ):
            figures.append(
                Figure(
                    what=f"bus {bus}: {nodes}, {where}",
                    value=rate.per_s,
                    unit="answered/s",
                    cpu_s=rate.cpu_s,
                    ratio=rate.per_s / beside.per_s if remark else None,
                    remark=remark,
                )
            )
    return figures


@asynccontextmanager
async def _node(setting: Setting, database: str, bus: str, name: str) -> AsyncIterator[Server]:
    app, options = "benchmarks.shared_rooms:dialogue", ("--bus", bus, "--node-id", name)
    with setting.scratch() as folder:
        start = running(folder, database, *setting.command, source=setting.source, app=app, options=options)
        async with start as server:
            yield server


async def _keep(nodes: Sequence[Server], rooms: int, setting: Setting) -> Rate:
    """Publish into so many rooms; each has members on every node."""
    shares = [await open_many(node.port, CLIENTS // len(nodes)) for node in nodes]
    clients = list(chain.from_iterable(zip(*shares, strict=True)))
    await asyncio.gather(*(_join(client, rooms, place) for place, client in enumerate(clients)))
    each = max(1, setting.some(EVENTS) // CLIENTS)
    await _publish(clients, rooms, max(1, each // 10))
    begin, cpu = perf_counter(), sum(node.cpu_s() for node in nodes)
    await _publish(clients, rooms, each)
    took, cpu = perf_counter() - begin, sum(node.cpu_s() for node in nodes) - cpu
    await close_all(clients)
    return Rate(per_s=each * CLIENTS / took, cpu_s=cpu / (each * CLIENTS))


async def _join(client: RawClient, rooms: int, place: int) -> None:
    for room_id in _rooms_of(place, rooms):
        await client.ask("join", roomId=room_id, events=[])


async def _publish(clients: Sequence[RawClient], rooms: int, each: int) -> None:
    async with asyncio.timeout(2 * DEADLINE_S):
        await asyncio.gather(
            *(
                publish(client, cycle([trigger(room_id, 1) for room_id in _rooms_of(place, rooms)]), each, [])
                for place, client in enumerate(clients)
            )
        )


def _rooms_of(place: int, rooms: int) -> list[str]:
    """Whoever is next to one another has the same rooms, and is on different nodes."""
    pairs = CLIENTS // 2
    return [shared_room((place // 2 + pairs * turn) % rooms) for turn in range(max(1, rooms // pairs))]
