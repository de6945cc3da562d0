"""Many clients at once: each sees one sequence, and it is the one that is kept.

`LOAD_S` is how long each of these runs takes, in seconds; without it the first takes 30 s, the others 12 s;
`test_planted` finds each of its faults within two.
"""

from __future__ import annotations

import os
from random import Random

from .conftest import Report, Serve
from .crowd import Crowd


def duration(default_s: float) -> float:
    """How long to go on."""
    return float(os.environ.get("LOAD_S") or default_s)


async def see_one_sequence(crowd: Crowd, seconds: float) -> str:
    """Let the crowd at its server, stop that, and hold all views against the database; the figures."""
    await crowd.run(seconds)
    assert crowd.server.stop() == 0, crowd.server.log
    assert crowd.server.faults == []
    return f"{seconds:g} s: {crowd.check()}"


async def test_every_client_sees_one_sequence_which_is_the_one_that_is_kept(
    serve: Serve, random: Random, report: Report
) -> None:
    """20 write, 20 page in all forms, 20 join, leave, are cut off and come back: no gap, no repeat, one order."""
    report(await see_one_sequence(Crowd(serve(), random), duration(30)))


async def test_the_same_where_memory_holds_one_event_of_each_name(serve: Serve, random: Random, report: Report) -> None:
    """Nearly every page and every snapshot straddles memory and the database, while events are evicted."""
    report(await see_one_sequence(Crowd(serve(LOAD_LIMIT=1), random), duration(12)))


async def test_the_same_where_the_storage_is_slow_and_fails_at_random(
    serve: Serve, seed: int, random: Random, report: Report
) -> None:
    """One in twenty reads and commits fails, each takes up to 20 ms longer: what fails is said to, and is nowhere."""
    server = serve("trembling", LOAD_LIMIT=5, TREMBLE_SEED=seed, TREMBLE_RATE=0.05, TREMBLE_DELAY_S=0.02)
    crowd = Crowd(server, random, may_fail=True)
    report(await see_one_sequence(crowd, duration(12)))
    assert crowd.counts["unavailable"] > 0
