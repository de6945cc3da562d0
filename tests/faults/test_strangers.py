"""What strangers ask for without a name does not delay the members: neither in the journal's queue, nor on the loop.

A stranger's question used to be an fsynced write before a member's, and a document of OpenAPI was made anew each time.
That neither is so any more is counted, with the faults planted, in `tests/acceptance/test_unnamed_callers.py`.
"""

from __future__ import annotations

from time import monotonic

import pytest

from ..support.server_process import ServerProcess
from ..support.wire_client import connected
from .callers import calling
from .conftest import Report, Serve

PUBLISHES = 30
WARM = 200
BOUND_S = 1.0
"""Generous: in the fault it was 8 s for the health, and alone it is some milliseconds."""


async def slowest_publish(server: ServerProcess, paths: dict[str, int]) -> float:
    """How long the slowest of some publishes took, one after the other, while strangers call these paths."""
    async with connected(server.ws, "ada") as ada, calling(server, paths) as callers:
        await ada.join("hall")
        while len(callers.statuses) < WARM:
            await ada.ask("ping")
        slowest = 0.0
        for number in range(PUBLISHES):
            began = monotonic()
            await ada.trigger("hall", "message", {"text": str(number)})
            slowest = max(slowest, monotonic() - began)
        assert set(callers.statuses) == {200}
    return slowest


@pytest.mark.parametrize(
    "paths",
    [{"/health/ready": 100, "/health/live": 20}, {"/schema/openapi.json": 20}, {"/schema": 20}],
    ids=["health", "openapi", "page"],
)
async def test_strangers_who_ask_without_pause_do_not_delay_a_publish(
    serve: Serve, report: Report, paths: dict[str, int]
) -> None:
    slowest = await slowest_publish(serve(), paths)
    report(f"the slowest of {PUBLISHES} publishes took {slowest * 1000:.0f} ms")
    assert slowest < BOUND_S
