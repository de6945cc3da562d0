"""Somebody who joins, chooses events, leaves, loses the connection, and comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..support.wire_client import Message
from .pages import ALL
from .peer import DEADLINE_S, LOST, Peer, peer

if TYPE_CHECKING:
    from .crowd import Crowd

NAMES = {"hall": ["message", "note", "rare", "typing"], "side": ["message", "note", "typing"]}
PATIENCE_S = 0.3


class Member:
    """Comes and goes until the time is over; the last time it stays until it has seen everything."""

    def __init__(self, crowd: Crowd, name: str) -> None:
        self._crowd = crowd
        self._name = name
        self._random = crowd.drawing()
        self._left: dict[str, tuple[Message, list[str]]] = {}

    async def run(self) -> None:
        """Come and go."""
        while not self._crowd.written.is_set():
            try:
                await self._visit()
            except LOST as error:
                self._crowd.cut_off(error)

    async def _visit(self) -> None:
        crowd = self._crowd
        async with peer(crowd.next_server().ws, self._name, crowd.sightings, clock=crowd.clock) as client:
            try:
                for room_id in ALL:
                    await self._join(client, room_id)
                is_there = True
                while is_there and not crowd.is_over:
                    await client.listen(self._random.random() * PATIENCE_S)
                    is_there = await self._act(client, self._random.choice([*ALL]))
                if is_there:
                    await self._stay(client)
            finally:
                self._left = {room_id: (view.position, sorted(view.names)) for room_id, view in client.views.items()}
                crowd.views += [*client.past, *client.views.values()]

    async def _join(self, client: Peer, room_id: str) -> None:
        since, events = self._left.get(room_id, (None, self._choice(room_id)))
        if since is not None:
            self._crowd.counts["returns"] += 1
            if self._random.random() < 0.1:  # a position that must not be taken for one of this room's
                since = since | self._random.choice([{"epoch": "another"}, {"seq": since["seq"] + 10_000_000}])
        self._crowd.counts["joins"] += 1
        while not await client.join(room_id, events, since):
            self._crowd.counts["unavailable"] += 1

    async def _act(self, client: Peer, room_id: str) -> bool:
        """Do something; False where that ended the connection."""
        match self._random.choice(["drop", "drop", "close", "leave", "rejoin", "subscribe", "unsubscribe"]):
            case "drop":
                self._crowd.counts["drops"] += 1
                client.drop()
                return False
            case "close":
                return False
            case "leave":
                await client.ask("leave", roomId=room_id)
                await client.listen(self._random.random() * PATIENCE_S)
                await self._join(client, room_id)
            case "rejoin":
                await client.join(room_id, self._choice(room_id))
            case change:
                await client.ask(change, roomId=room_id, events=self._choice(room_id) or ["*"])
        return True

    async def _stay(self, client: Peer) -> None:
        """Wait for the newest event of every name that is wanted: none may fail to come."""
        for view in list(client.views.values()):
            while view.segments[-1].joined is None:  # of what was subscribed to just now, the newest may be older
                await client.join(view.room_id, sorted(view.names))
        await self._crowd.written.wait()
        for view in client.views.values():
            newest = max((self._crowd.heads.get((view.room_id, name), 0) for name in view.names), default=0)
            deadline = DEADLINE_S
            while view.cursor < newest and deadline > 0:
                await client.listen(PATIENCE_S)
                deadline -= PATIENCE_S
            assert view.cursor >= newest, f"{newest} of {view.room_id!r} never came; {view.cursor} did"

    def _choice(self, room_id: str) -> list[str] | None:
        names = NAMES[room_id]
        return None if self._random.random() < 0.4 else self._random.sample(names, self._random.randint(1, len(names)))
