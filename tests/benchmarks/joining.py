"""Joining: a snapshot of 50 events for each, on open connections and with the connection made for it."""

from __future__ import annotations

import asyncio
from time import perf_counter

from .figures import Figure
from .raw_client import RawClient, close_all, open_many
from .requests import TEXT
from .rooms import CROWD, MESSAGE, SYNC
from .setting import Setting

AT_ONCE = 16
JOINS = 4_000
ARRIVALS = 1_000


async def measure(setting: Setting) -> list[Figure]:
    """Both, a second."""
    async with setting.server() as server:
        clients = await open_many(server.port, AT_ONCE)
        await _fill(clients[0])
        joins = setting.some(JOINS) // AT_ONCE
        begin, cpu = perf_counter(), server.cpu_s()
        await asyncio.gather(*(_join_often(client, joins) for client in clients))
        again, again_cpu = joins * AT_ONCE / (perf_counter() - begin), (server.cpu_s() - cpu) / (joins * AT_ONCE)
        arrivals = setting.some(ARRIVALS) // AT_ONCE
        begin, cpu = perf_counter(), server.cpu_s()
        await asyncio.gather(*(_arrive_often(server.port, arrivals) for _ in range(AT_ONCE)))
        arriving, cpu = arrivals * AT_ONCE / (perf_counter() - begin), (server.cpu_s() - cpu) / (arrivals * AT_ONCE)
        await close_all(clients)
    return [
        Figure(what=f"join, {SYNC} events, open connection", value=again, unit="joins/s", cpu_s=again_cpu),
        Figure(
            what=f"connect and join, {SYNC} events",
            value=arriving,
            unit="joins/s",
            cpu_s=cpu,
            ratio=again / arriving,
            remark="open connection against new one (TCP, upgrade, connect, join, close)",
        ),
    ]


async def _fill(client: RawClient) -> None:
    await client.ask("join", roomId=CROWD, events=[])
    for _ in range(SYNC):
        await client.ask("trigger", roomId=CROWD, event=MESSAGE, data={"text": TEXT, "username": "ada"})


async def _join_often(client: RawClient, number: int) -> None:
    for _ in range(number):
        joined = await client.ask("join", roomId=CROWD)
        assert len(joined["history"]) == SYNC


async def _arrive_often(port: int, number: int) -> None:
    for _ in range(number):
        client = await RawClient.open(port)
        await client.ask("join", roomId=CROWD)
        await client.close()
