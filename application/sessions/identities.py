"""Who a client is, for as long as that holds."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from anyio import move_on_after

from ...domain.errors import Unauthenticated
from ..ports.authenticator import Authenticator, Identity
from ..ports.clock import Clock
from .frame import Closing
from .session import Session

RUN_OUT = "the token has run out"
ENDED = Closing(4401, RUN_OUT)

LOOK_EVERY_S = 60.0
"""So often the clock is looked at again: it may be set, and a machine may sleep."""


class Identities:
    """Finds out who a client is, takes a newer word of it, and knows when it ends."""

    def __init__(self, authenticator: Authenticator, clock: Clock) -> None:
        self._authenticator = authenticator
        self._clock = clock

    async def of(self, claims: Mapping[str, object], client_id: str) -> Identity:
        """Who makes these claims. Raises Unauthenticated, InvalidRequest, and Unavailable."""
        return await self._authenticator.authenticate(claims, client_id)

    async def renew(self, session: Session, claims: Mapping[str, object]) -> Identity:
        """Let the session go on under newer claims of the same user. Raises as `of`, and the session is as before."""
        identity = await self.of(claims, session.id)
        if identity.user_id != session.user_id:
            raise Unauthenticated("The token is another user's")
        session.renew(identity)
        return identity

    async def ended(self, session: Session) -> None:
        """Return when the session's identity has ended, and was not renewed in time."""
        while (left_s := self._left_s(session.identity)) > 0:
            with move_on_after(left_s if left_s == inf else min(left_s, LOOK_EVERY_S)):
                await session.renewed()

    def _left_s(self, identity: Identity) -> float:
        return inf if identity.expires_at_s is None else identity.expires_at_s - self._clock.now_ms() / 1_000


def ends_at_ms(identity: Identity) -> int | None:
    """When it ends, as clients are told."""
    return None if identity.expires_at_s is None else int(identity.expires_at_s * 1_000)
