"""From a connection to a session: who the client is, and what the application does with it first."""

from __future__ import annotations

from ..feed.hub import Hub
from ..hooks.client import Client, OnConnected
from ..hooks.run_hook import Call, RunHook
from ..ports.authenticator import Authenticator
from ..ports.codec import Codec
from ..ports.peer import Peer
from .join_room import JoinRoom
from .outbox import Outbox
from .requests import Connect
from .session import Session


class AdmitClient:
    """Makes a session for a client that says who it is."""

    def __init__(
        self,
        authenticator: Authenticator,
        hub: Hub,
        join: JoinRoom,
        run_hook: RunHook,
        on_connected: OnConnected | None,
    ) -> None:
        self._authenticator = authenticator
        self._hub = hub
        self._join = join
        self._run_hook = run_hook
        self._on_connected = on_connected

    async def __call__(self, client_id: str, request: Connect, peer: Peer, codec: Codec, outbox: Outbox) -> Session:
        """The session of the user whom the claims name. Raises Unauthenticated and InvalidRequest."""
        user_id = await self._authenticator.authenticate(request.claims, client_id)
        session = Session(session_id=client_id, user_id=user_id, peer=peer, codec=codec, outbox=outbox)
        self._hub.connect(session)
        return session

    async def welcome(self, session: Session) -> None:
        """Run the application's own `on_connected`; to be called when the client was told that it is connected."""
        if self._on_connected is not None:
            client = Client(session, self._join)
            call = Call(self._on_connected, (client,), f"on_connected for {session.user_id!r}")
            await self._run_hook.contained(call)
