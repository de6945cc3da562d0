"""Serving one client that is in one room and only listens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from secrets import token_urlsafe
from typing import Protocol

from anyio import create_task_group, sleep

from ...domain.position import Position
from ..feed.hub import Hub
from ..node import Node
from ..ports.authenticator import Identity
from ..ports.peer import Peer
from ..ports.transport import Transport
from .client_limits import ClientLimits
from .frame import Frame
from .identities import ENDED, RUN_OUT, Identities
from .join_room import JoinRoom
from .limits import SessionLimits
from .outbox import Outbox
from .serve_session import ClientCodec
from .session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """What a listener asks for; `events` and `since` are as in a join."""

    identity: Identity
    room_id: str
    peer: Peer
    events: Sequence[str] | None = None
    since: Position | None = None


class Listener(Protocol):
    """The client's side, beside its transport."""

    async def begin(self) -> None:
        """Called once it is in the room, before the first frame is written."""
        ...

    async def gone(self) -> None:
        """Return when the client has ended the connection."""
        ...


class ListenToRoom:
    """Joins a room on behalf of a client that asks for nothing else, and serves it until either side ends it."""

    def __init__(
        self,
        node: Node,
        hub: Hub,
        join: JoinRoom,
        identities: Identities,
        limits: SessionLimits,
        client_limits: ClientLimits,
    ) -> None:
        self._node = node
        self._hub = hub
        self._join = join
        self._identities = identities
        self._limits = limits
        self._client_limits = client_limits

    async def __call__(
        self, wanted: Listen, transport: Transport, codec: ClientCodec, alive: Frame, client: Listener
    ) -> None:
        """Answer with what the join gives and send what follows, `alive` at each heartbeat.

        Raises what refuses the join, and then nothing was written.
        """
        outbox = Outbox(transport, self._limits.backlog, is_open=False)
        session = Session(
            session_id=token_urlsafe(12), identity=wanted.identity, peer=wanted.peer, codec=codec, outbox=outbox
        )
        session.only_room = wanted.room_id
        # No await between these two: a stop closes all that are attached, and lets nobody through afterwards.
        self._node.ensure_running()
        self._client_limits.ensure("joins", wanted.identity.user_id, wanted.peer)
        self._client_limits.enter(wanted.identity.user_id)
        self._hub.attach(outbox)
        self._hub.listen(session)
        try:
            joined = await self._join(session, wanted.room_id, events=wanted.events, since=wanted.since)
            answer = codec.answer(joined, None)
            self._client_limits.charge("traffic", wanted.identity.user_id, wanted.peer, answer.size)
            outbox.put(answer)
            self._join.release(session, wanted.room_id)
            await client.begin()
            await self._serve(session, alive, client)
        finally:
            self._hub.disconnect(session)
            self._hub.detach(outbox)
            self._client_limits.leave(wanted.identity.user_id)

    async def _serve(self, session: Session, alive: Frame, client: Listener) -> None:
        try:
            async with create_task_group() as tasks:
                tasks.start_soon(self._write, session, tasks.cancel_scope.cancel)
                tasks.start_soon(self._keep_alive, session.outbox, alive)
                if session.identity.expires_at_s is not None:
                    tasks.start_soon(self._end_with_identity, session)
                await client.gone()
                tasks.cancel_scope.cancel()
        finally:
            session.outbox.give_up()

    async def _write(self, session: Session, finished: Callable[[], None]) -> None:
        await session.outbox.run(partial(self._hub.disconnect, session))
        finished()

    async def _end_with_identity(self, session: Session) -> None:
        await self._identities.ended(session)
        for room_id in tuple(session.memberships):
            self._join.take_out(session, room_id, RUN_OUT)
        session.outbox.finish(ENDED)

    async def _keep_alive(self, outbox: Outbox, alive: Frame) -> None:
        while True:
            await sleep(self._limits.heartbeat_s)
            outbox.put(alive)
