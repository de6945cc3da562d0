"""Nodes over one PostgreSQL that fsyncs: what they keep a second, and how long an event takes from one to the other.

All of it runs on this machine: clients, nodes, database and bus share its processors.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
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
    without: Sequence[Rate] = ()
    with postgresql(durable=True) as server, valkey() as redis:
        for bus, address in {"none": "none", "postgres": "postgres", "redis": redis.url}.items():
            with server.database() as url:
                async with AsyncExitStack() as stack:
                    nodes = [await stack.enter_async_context(_node(setting, url, address, "one"))]
                    alone = [await _keep(nodes, _shared(rooms), setting) for rooms in ROOMS]
                    nodes.append(await stack.enter_async_context(_node(setting, url, address, "two")))
                    both = [await _keep(nodes, _shared(rooms), setting) for rooms in ROOMS]
                    apart = [await _keep(nodes, _apart(rooms), setting) for rooms in ROOMS[1:]]
                    latencies = await across_nodes(nodes[0], nodes[1], bus, setting)
            without = without or alone
            to_no_bus = "" if bus == "none" else "to no bus"
            figures += _figures(f"bus {bus}: one node", ROOMS, alone, without, to_no_bus)
            figures += _figures(f"bus {bus}: two nodes", ROOMS, both, alone, "to one node")
            figures += _figures(f"bus {bus}: two nodes, each writes half", ROOMS[1:], apart, alone[1:], "to one node")
            figures += latencies
    return figures


def _figures(
    what: str, all_rooms: Sequence[int], rates: Sequence[Rate], beside: Sequence[Rate], remark: str
) -> list[Figure]:
    return [
        Figure(
            what=f"{what}, in {f'{rooms:,} rooms' if rooms > 1 else 'one room'}",
            value=rate.per_s,
            unit="answered/s",
            cpu_s=rate.cpu_s,
            ratio=rate.per_s / other.per_s if remark else None,
            remark=remark,
        )
        for rooms, rate, other in zip(all_rooms, rates, beside, strict=True)
    ]


@asynccontextmanager
async def _node(setting: Setting, database: str, bus: str, name: str) -> AsyncIterator[Server]:
    app, options = "benchmarks.shared_rooms:dialogue", ("--bus", bus, "--node-id", name)
    with setting.scratch() as folder:
        start = running(folder, database, *setting.command, source=setting.source, app=app, options=options)
        async with start as server:
            yield server


async def _keep(nodes: Sequence[Server], rooms_of: Callable[[int], Sequence[str]], setting: Setting) -> Rate:
    """Publish, the client at each place in turn into the rooms that `rooms_of` gives for it."""
    shares = [await open_many(node.port, CLIENTS // len(nodes)) for node in nodes]
    clients = list(chain.from_iterable(zip(*shares, strict=True)))
    rooms = [rooms_of(place) for place in range(CLIENTS)]
    await asyncio.gather(*(_join(client, its) for client, its in zip(clients, rooms, strict=True)))
    each = max(1, setting.some(EVENTS) // CLIENTS)
    await _publish(clients, rooms, max(1, each // 10))
    begin, cpu = perf_counter(), sum(node.cpu_s() for node in nodes)
    await _publish(clients, rooms, each)
    took, cpu = perf_counter() - begin, sum(node.cpu_s() for node in nodes) - cpu
    await close_all(clients)
    return Rate(per_s=each * CLIENTS / took, cpu_s=cpu / (each * CLIENTS))


async def _join(client: RawClient, room_ids: Sequence[str]) -> None:
    for room_id in room_ids:
        await client.ask("join", roomId=room_id, events=[])


async def _publish(clients: Sequence[RawClient], rooms: Sequence[Sequence[str]], each: int) -> None:
    async with asyncio.timeout(2 * DEADLINE_S):
        await asyncio.gather(
            *(
                publish(client, cycle([trigger(room_id, 1) for room_id in its]), each, [])
                for client, its in zip(clients, rooms, strict=True)
            )
        )


def _shared(rooms: int) -> Callable[[int], Sequence[str]]:
    """Whoever is next to one another has the same rooms, and is on different nodes: each node writes all of them."""
    return lambda place: _some(place // 2, range(rooms))


def _apart(rooms: int) -> Callable[[int], Sequence[str]]:
    """Each of two nodes writes one half of the rooms."""
    halves = (range(rooms // 2), range(rooms // 2, rooms))
    return lambda place: _some(place // 2, halves[place % 2])


def _some(pair: int, rooms: Sequence[int]) -> Sequence[str]:
    pairs = CLIENTS // 2
    return [shared_room(rooms[(pair + pairs * turn) % len(rooms)]) for turn in range(max(1, len(rooms) // pairs))]
