"""The application of several nodes: the same event, in as many rooms as `nodes.py` publishes into, and in one for
`across_nodes.py`.

It runs in each node's process, as `dialogue serve benchmarks.shared_rooms:dialogue`.
"""

from __future__ import annotations

from dialogue import create_dialogue

from .rooms import room

SHARED_ROOMS = 1_000
CROSSING = "crossing"


def shared_room(index: int) -> str:
    """One of the rooms."""
    return f"shared-{index}"


dialogue = create_dialogue(rooms={name: room(name) for name in [CROSSING, *map(shared_room, range(SHARED_ROOMS))]})
