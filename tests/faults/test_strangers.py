"""What strangers ask for without a name does not delay the members: neither in the journal's queue, nor on the loop.

A stranger's question used to be an fsynced write before a member's, and a document of OpenAPI was made anew each time.
That neither is so any more is counted, with the faults planted, in `tests/acceptance/test_unnamed_callers.py`.
"""

from __future__ import annotations

from statistics import median
from time import perf_counter

from ..support.server_process import ServerProcess
from ..support.wire_client import connected
from .callers import calling
from .conftest import Report, Serve

CHEAPEST = "/health/live"
PATHS = [CHEAPEST, "/health/ready", "/schema/openapi.json", "/schema"]
CALLERS = 20
PUBLISHES = 10
TURNS = 3
MOST_TIMES = 25
"""Each of them is about as cheap as the cheapest, as far as a busy machine lets it be seen. In the fault it was a
hundred times as much."""


async def delays(server: ServerProcess, path: str) -> list[float]:
    """What some publishes took, one after the other, while strangers call this path; in seconds."""
    taken = []
    async with connected(server.ws, "ada") as ada, calling(server, {path: CALLERS}) as callers:
        await ada.join("hall")
        while len(callers.statuses) < CALLERS:
            await ada.ask("ping")
        for number in range(PUBLISHES):
            began = perf_counter()
            await ada.trigger("hall", "message", {"text": str(number)})
            taken.append(perf_counter() - began)
        assert set(callers.statuses) == {200}
    return taken


async def test_strangers_who_ask_without_pause_delay_a_publish_no_more_than_the_least_of_questions(
    serve: Serve, report: Report
) -> None:
    """In turns, so that whatever else the machine does slows all of them down."""
    server = serve()
    beside: dict[str, list[float]] = {path: [] for path in PATHS}
    for _ in range(TURNS):
        for path in PATHS:
            beside[path] += await delays(server, path)
    medians = {path: median(taken) for path, taken in beside.items()}
    report("a publish beside " + ", ".join(f"{path}: {taken * 1000:.0f} ms" for path, taken in medians.items()))
    assert max(medians.values()) < MOST_TIMES * medians[CHEAPEST]
