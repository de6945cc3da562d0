"""From a connection to a session: who the client is, and what the application does with it first."""

from __future__ import annotations

from collections.abc import Iterable

from ...domain.errors import DialogueError
from ...domain.event import weight
from ...domain.rate import Rate
from ..feed.hub import Hub
from ..hooks.client_hooks import ClientHooks
from ..ports.codec import Codec
from ..ports.peer import Peer
from .client_limits import ClientLimits
from .client_pace import ClientPace
from .identities import Identities
from .join_room import Joined, JoinRoom
from .outbox import Outbox
from .requests import Connect
from .session import Session


class AdmitClient:
    """Makes a session for a client that says who it is."""

    def __init__(
        self, identities: Identities, hub: Hub, join: JoinRoom, hooks: ClientHooks, limits: ClientLimits
    ) -> None:
        self.identities = identities
        self._hub = hub
        self._join = join
        self._hooks = hooks
        self.has_hooks = hooks.are_given
        self._limits = limits

    async def __call__(self, client_id: str, request: Connect, peer: Peer, codec: Codec, outbox: Outbox) -> Session:
        """The session of the user whom the claims name. Raises Unauthenticated, InvalidRequest and RateLimited."""
        identity = await self.identities.of(request.claims, client_id)
        session = Session(session_id=client_id, identity=identity, peer=peer, codec=codec, outbox=outbox)
        await self._hooks.connecting(identity, client_id)
        self._limits.enter(session.user_id)
        self._hub.connect(session)
        return session

    def leave(self, session: Session) -> None:
        """Forget a session that was made here; to be called once."""
        self._limits.leave(session.user_id)
        self._hub.disconnect(session)

    def pace(self, peer: Peer, warnings: Rate) -> ClientPace | None:
        """What counts the requests of a new connection; None where nothing is limited."""
        return ClientPace(self._limits, warnings, peer) if self._limits.are_on else None

    async def resume(self, session: Session, request: Connect) -> tuple[Joined, ...] | None:
        """Put the session where an earlier one of its user was: into all its rooms with nothing missed, or into none.

        The caller tells the client what it missed and then calls `release`. What the client is told at once is at most
        half of what may wait for it.
        """
        wanted = None if request.earlier is None else await request.earlier(session.user_id)
        if wanted is None:
            return None
        resumed: list[Joined] = []
        for each in wanted:
            try:
                joined = await self._join(session, each.room_id, events=each.events, since=each.since)
            except DialogueError:
                break
            resumed.append(joined)
            if not joined.recovered:
                break
        missed = [event for joined in resumed for event in joined.history]
        is_whole = (
            len(resumed) == len(wanted)
            and all(joined.recovered for joined in resumed)
            and not any(membership.has_let_go for membership in session.memberships.values())
            and not session.outbox.is_exceeded_by(2 * len(missed), 2 * sum(map(weight, missed)))
        )
        if is_whole:
            return tuple(resumed)
        for joined in resumed:
            if joined.room.id in session.memberships:
                self._join.leave(session, joined.room.id)
        return None

    def release(self, session: Session, resumed: Iterable[Joined] | None) -> None:
        """Send what came in these rooms meanwhile; to be called right after the answer was queued."""
        for joined in resumed or ():
            self._join.release(session, joined.room.id)

    async def welcome(self, session: Session) -> None:
        """Run the application's own `on_connected`; to be called when the client was told that it is connected."""
        await self._hooks.connected(session)

    async def settled(self, session: Session) -> None:
        """Wait until the application's hooks have been told what the session's requests have brought about."""
        await self._hooks.settled(session)
