"""Somebody who pages through history in every form, while live events come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from ..support.wire_client import Message
from .pages import ALL, Asked, draw
from .peer import LOST, Peer, peer

if TYPE_CHECKING:
    from .crowd import Crowd


class Reader:
    """Is in both rooms for all events, and asks for one page after the other; one in ten over HTTP.

    Its HTTP connection is its own: where many share a pool, httpcore now and then closes a connection as expired on
    which another has just begun to ask, and that is a ReadError which is not the server's.
    """

    def __init__(self, crowd: Crowd, name: str) -> None:
        self._crowd = crowd
        self._name = name
        self._http = httpx.AsyncClient(trust_env=False, timeout=30)
        self._server = crowd.server
        self._random = crowd.drawing()

    async def run(self) -> None:
        """Read until the time is over; who is cut off for being slow comes back."""
        async with self._http:
            while not self._crowd.is_over:
                try:
                    await self._read()
                except (*LOST, httpx.TransportError) as error:
                    self._crowd.cut_off(error)

    async def _read(self) -> None:
        crowd = self._crowd
        self._server = crowd.next_server()
        async with peer(self._server.ws, self._name, crowd.sightings, clock=crowd.clock) as client:
            try:
                for room_id in ALL:
                    while not await client.join(room_id):
                        crowd.counts["unavailable"] += 1
                    crowd.counts["joins"] += 1
                while not crowd.is_over:
                    await self._page(client, self._random.choice([*ALL]))
            finally:
                crowd.views += client.views.values()

    async def _page(self, client: Peer, room_id: str) -> None:
        view = client.views[room_id]
        low = view.cursor
        fields = draw(self._random, room_id, low, view.timestamp)
        if self._random.random() < 0.1:
            answer, high = await self._over_http(room_id, fields), None
        else:
            answer = await client.ask("getHistory", roomId=room_id, **fields)
            high = view.cursor
        if "events" not in answer:
            assert answer["code"] == "UNAVAILABLE", (fields, answer)
            self._crowd.counts["unavailable"] += 1
            return
        seqs = self._crowd.sightings.see(room_id, answer["events"])
        more, more_after = answer["hasMore"], answer.get("hasMoreAfter")
        asked = Asked(room_id, fields, seqs, more, more_after, low, high, may_be_short=self._crowd.may_fail)
        self._crowd.pages.append(asked)

    async def _over_http(self, room_id: str, fields: Message) -> Message:
        url = f"{self._server.http}/rooms/{room_id}/events"
        answer = await self._http.get(url, params={**fields, "userId": self._name})
        found: Message = answer.json()
        return found
