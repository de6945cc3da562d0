"""A clock that jumps: to and fro while events come, and back by a day at a restart."""

from __future__ import annotations

from random import Random

from anyio import to_thread

from .conftest import Report, Serve
from .crowd import Crowd
from .views import Clock

SECONDS = 4.0
DAY_S = 86_400


async def test_time_never_runs_backwards_in_a_room_though_the_clock_does(
    serve: Serve, seed: int, random: Random, report: Report
) -> None:
    """By up to an hour, in one of twenty readings; then by a day, between two starts. Order holds for every client, and
    pages by time give the events before and after that time, as they are kept."""
    server = serve("jumping", CLOCK_SEED=seed, CLOCK_BEHIND_S=0)
    crowd = Crowd(server, random, size=8, clock=Clock.JUMPING)
    for behind_s in (DAY_S, 0):
        await crowd.run(SECONDS)
        assert server.stop() == 0
        server.settings["CLOCK_BEHIND_S"] = str(behind_s)
        await to_thread.run_sync(server.start)
    assert server.faults == []
    report(crowd.check())
