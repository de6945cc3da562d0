"""Somebody who publishes, with several requests in flight."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from .ledger import Publication
from .peer import LOST, Peer, peer

if TYPE_CHECKING:
    from ..support.server_process import ServerProcess
    from .crowd import Crowd

WINDOW = 4
PAUSE_S = 0.1
EVENTS = {"hall": ("message", "message", "message", "note", "typing", "rare"), "side": ("message", "note", "typing")}


class Writer:
    """Publishes in both rooms until the time is over; one trigger in ten is sent twice, where it has a key.

    It stays with its node as long as that is there: what was not answered may still be kept there, and comes first.
    """

    def __init__(self, crowd: Crowd, name: str) -> None:
        self._crowd = crowd
        self._name = name
        self._random = crowd.drawing()
        self._server: ServerProcess | None = None
        self._in_flight: deque[tuple[int, Publication]] = deque()

    async def run(self) -> None:
        """Write, and return when all is answered; who is made to come back does, and never hears of what was sent."""
        while not self._crowd.is_over or self._in_flight:
            try:
                await self._write()
            except LOST as error:
                self._in_flight.clear()
                self._crowd.cut_off(error)

    async def _write(self) -> None:
        crowd = self._crowd
        if self._server is None or self._server not in crowd.servers:
            self._server = crowd.next_server()
        async with peer(self._server.ws, self._name, crowd.sightings) as client:
            for room_id in EVENTS:
                while not await client.join(room_id, events=[]):
                    crowd.counts["unavailable"] += 1
            while not crowd.is_over:
                await self._publish(client)
                if self._random.random() < 0.5:  # else the others would do little but read what is written
                    await client.listen(self._random.random() * PAUSE_S)
                if len(self._in_flight) >= WINDOW:
                    await self._answered(client)
            while self._in_flight:
                await self._answered(client)

    async def _publish(self, client: Peer) -> None:
        room_id = self._random.choice(["hall", "hall", "side"])
        is_keyed = self._random.random() < 0.5
        name = self._random.choice(EVENTS[room_id]) if self._random.random() < 0.99 or room_id == "side" else "rare"
        publication = self._crowd.ledger.new(self._name, room_id, name, is_keyed=is_keyed)
        for _ in range(2 if publication.key is not None and self._random.random() < 0.2 else 1):
            self._in_flight.append((await client.send("trigger", **publication.fields), publication))

    async def _answered(self, client: Peer) -> None:
        request_id, publication = self._in_flight.popleft()
        answer = await client.answer(request_id)
        publication.take(answer)
        self._crowd.counts["unavailable"] += answer["type"] == "error"
