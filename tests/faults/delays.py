"""How long an event is on its way from a client of one node to a client of another."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from anyio import current_time, fail_after

from ..support.server_process import ServerProcess
from .crowd import Crowd
from .peer import DEADLINE_S, peer

ROOM = "side"
AMOUNT = 30


async def delay_ms(crowd: Crowd, nodes: Sequence[ServerProcess], amount: int = AMOUNT) -> float:
    """The median of so many events, sent at the first node and seen at the second; they count as the crowd's."""
    sending, receiving = nodes
    taken = []
    async with (
        peer(sending.ws, "sender", crowd.sightings, clock=crowd.clock) as sender,
        peer(receiving.ws, "receiver", crowd.sightings, clock=crowd.clock) as receiver,
    ):
        assert await sender.join(ROOM, events=[])
        assert await receiver.join(ROOM)
        view = receiver.views[ROOM]
        for _ in range(amount):
            publication = crowd.ledger.new("sender", ROOM, "note")
            began = current_time()
            answer = await sender.ask("trigger", **publication.fields)
            publication.take(answer)
            with fail_after(DEADLINE_S):
                while view.cursor < answer["seq"]:
                    await receiver.receive()
            taken.append((current_time() - began) * 1_000)
        crowd.views.append(view)
    return median(taken)


async def settled_ms(crowd: Crowd, nodes: Sequence[ServerProcess], below_ms: float) -> float:
    """The delay once a single event takes less than `below_ms`."""
    with fail_after(DEADLINE_S):
        while await delay_ms(crowd, nodes, amount=1) > below_ms:
            pass
    return await delay_ms(crowd, nodes)
