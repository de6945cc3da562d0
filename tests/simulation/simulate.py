"""One run from one seed."""

from __future__ import annotations

from random import Random

from .planted import planted
from .virtual_time import run
from .world import Report, World


def simulate(seed: int, fault: str | None = None) -> Report:
    """Run the world of `seed`; raises AssertionError, in groups, where what must always hold did not."""

    async def live(rng: Random) -> Report:
        report = Report(seed)
        world = World(rng, report, nodes_count=rng.choice((1, 2, 2, 3)), clients_count=rng.randint(2, 6))
        await world.run()
        return report

    with planted(fault):
        return run(seed, live)
