"""One run from one seed."""

from __future__ import annotations

from random import Random

from dialogue.domain.room_limits import RoomLimits

from .planted import planted
from .virtual_time import run
from .world import Report, World

BUILDERS = 10
"""In so many worlds there is one whose clients make and delete rooms before all else, more than are allowed."""


def simulate(seed: int, fault: str | None = None) -> Report:
    """Run the world of `seed`; raises AssertionError, in groups, where what must always hold did not."""

    async def live(rng: Random) -> Report:
        report = Report(seed)
        world = World(rng, report, nodes_count=rng.choice((1, 2, 2, 3)), clients_count=rng.randint(2, 6))
        if seed % BUILDERS == 0:
            world.made_rooms = ("club", "pub", "inn", "bar", "den")
            world.pace_s, world.change_share = 0.1, 0.5
            world.limits = RoomLimits(in_all=2, per_user=1)
        await world.run()
        return report

    with planted(fault):
        return run(seed, live)
