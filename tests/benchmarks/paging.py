"""Paging: each form of page at the newest end of a room and at the far one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from time import perf_counter

from ..support.postgresql import postgresql
from .deep_history import BEGAN_MS, EVERY, LONG_ROOM, STEP_MS, provide
from .deep_postgresql import fill
from .figures import Figure, p50
from .raw_client import RawClient
from .rooms import DEEP, LONG, MESSAGE, RARE
from .server_process import running
from .setting import Setting

REPEATS = 200
LIMIT = 50
IN_MEMORY = 100
Form = Mapping[str, object]


async def measure(setting: Setting) -> list[Figure]:
    """p50 of a page of 50 events at the far end; the ratio is that to the same form's first page.

    The first pages come from memory, which the far end never does; those named `past memory` are the newest that only
    the database has, so that their ratio is the price of the depth alone.
    """
    if setting.database is not None:
        return [Figure(what="left out", value=0, unit="", remark="fills a SQLite file of its own only")]
    depth = setting.some(setting.depth)
    with setting.scratch() as folder:
        make = partial(provide, folder / "bench.db", depth, setting.keep)
        return await _measure(setting, folder, "sqlite:///bench.db", make)


async def measure_on_postgresql(setting: Setting) -> list[Figure]:
    """The same over a PostgreSQL of its own."""
    with postgresql() as server, server.database() as url, setting.scratch() as folder:
        return await _measure(setting, folder, url, partial(fill, url, setting.some(setting.depth)))


async def _measure(setting: Setting, folder: Path, database: str, make: Callable[[], None]) -> list[Figure]:
    depth = setting.some(setting.depth)
    begin = perf_counter()
    await asyncio.to_thread(make)
    filled = perf_counter() - begin
    async with running(folder, database, *setting.command) as server:
        client = await RawClient.open(server.port)
        found = await _pages(client, setting, DEEP, depth, _deep_forms(depth))
        found += await _pages(client, setting, LONG, depth, _long_forms(min(depth, LONG_ROOM)))
        await client.close()
    return [*found, Figure(what=f"made ready: {depth:,} events", value=filled, unit="s", remark="not a benchmark")]


def _deep_forms(depth: int) -> dict[str, tuple[Form, Form]]:
    """The first page and the far one of each form."""
    last, past, end = depth + 1, depth - IN_MEMORY - EVERY, LIMIT + 1
    common = depth - depth // EVERY
    return {
        "before, merged": ({"before": last}, {"before": end}),
        "before, merged, past memory": ({"before": past}, {"before": end}),
        "before, event": ({"event": MESSAGE, "before": last}, {"event": MESSAGE, "before": end}),
        "before, event, past memory": ({"event": MESSAGE, "before": past}, {"event": MESSAGE, "before": end}),
        "before, rare event": (
            {"event": RARE, "before": last},
            {"event": RARE, "before": min(LIMIT, depth // EVERY) * EVERY + 1},
        ),
        "after, merged": ({"after": depth - LIMIT}, {"after": 0}),
        "around, merged": ({"around": depth - LIMIT}, {"around": LIMIT}),
        "around, event": ({"event": MESSAGE, "around": depth - LIMIT}, {"event": MESSAGE, "around": LIMIT}),
        "start/end, event": (
            {"event": MESSAGE, "start": 0, "end": LIMIT},
            {"event": MESSAGE, "start": common - LIMIT, "end": common},
        ),
        "start/end, past memory": (
            {"event": MESSAGE, "start": 2 * IN_MEMORY, "end": 2 * IN_MEMORY + LIMIT},
            {"event": MESSAGE, "start": common - LIMIT, "end": common},
        ),
        "beforeTime, merged": ({"beforeTime": _at(last)}, {"beforeTime": _at(end)}),
        "beforeTime, event": ({"event": MESSAGE, "beforeTime": _at(last)}, {"event": MESSAGE, "beforeTime": _at(end)}),
    }


def _long_forms(events: int) -> dict[str, tuple[Form, Form]]:
    return {
        "before": ({"before": events + 1}, {"before": LIMIT + 1}),
        "before, past memory": ({"before": events - IN_MEMORY}, {"before": LIMIT + 1}),
        "start/end": (
            {"event": MESSAGE, "start": 0, "end": LIMIT},
            {"event": MESSAGE, "start": events - LIMIT, "end": events},
        ),
    }


def _at(seq: int) -> int:
    return BEGAN_MS + seq * STEP_MS


async def _pages(
    client: RawClient, setting: Setting, room_id: str, depth: int, forms: Mapping[str, tuple[Form, Form]]
) -> list[Figure]:
    await client.ask("join", roomId=room_id, events=[])
    size = depth if room_id == DEEP else min(depth, LONG_ROOM)
    found = []
    for name, (first, far) in forms.items():
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(setting.some(REPEATS)):  # in turn, so that a noisy moment hits both
            for form, taken in zip((first, far), times, strict=True):
                taken.append(await _page(client, room_id, form))
        near, distant = p50(times[0]), p50(times[1])
        found.append(
            Figure(
                what=f"{size:,} events: {name}",
                value=distant * 1e3,
                unit="ms",
                ratio=distant / near,
                remark=f"far/first; first {near * 1e3:.2f} ms",
            )
        )
    return found


async def _page(client: RawClient, room_id: str, form: Form) -> float:
    limit = {} if "start" in form else {"limit": LIMIT}
    begin = perf_counter()
    page = await client.ask("getHistory", roomId=room_id, **limit, **form)
    took = perf_counter() - begin
    assert page["events"], f"an empty page: {json.dumps(form)}"
    return took
