"""Asking the application's own function who is asking."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from ...domain.errors import InvalidRequest, Unauthenticated, Unavailable
from ..deadline import remaining_s
from ..ports.authenticator import Identity, flaw_of_identity
from .hooks import Authenticate
from .run_hook import Call, RunHook

logger = logging.getLogger("dialogue.hooks")


class HookAuthenticator:
    """`Authenticator` by the hook `authenticate`; what it gives or raises beside its contract lets nobody in."""

    trusts_clients = False

    def __init__(self, authenticate: Authenticate, run_hook: RunHook) -> None:
        self._authenticate = authenticate
        self._run_hook = run_hook

    async def authenticate(self, claims: Mapping[str, object], client_id: str | None) -> Identity:
        """See `Authenticator.authenticate`. Raises Unavailable where the hook fails."""
        try:
            call = Call(self._authenticate, (claims, client_id), "authenticate")
            found: object = await self._run_hook(call, timeout_s=remaining_s())
        except (Unauthenticated, InvalidRequest):
            raise
        except Exception as error:
            logger.exception("authenticate failed: nobody is let in")
            raise Unavailable("Who you are could not be found out") from error
        if found is None:
            raise Unauthenticated("Nobody knows who you are")
        identity = Identity(user_id=found) if isinstance(found, str) else found
        flaw = flaw_of_identity(identity) if isinstance(identity, Identity) else f"{found!r:.200}, which is no Identity"
        if flaw is not None or not isinstance(identity, Identity):
            logger.error("authenticate gave %s: nobody is let in", flaw)
            raise Unavailable("Who you are could not be found out")
        return identity
