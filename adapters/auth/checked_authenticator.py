"""Whichever authenticator is in force, held to what it promises."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import iscoroutinefunction

from ...application.ports.authenticator import Identity, OwnAuthenticator
from ...domain.errors import ConfigurationError
from ...domain.names import MAX_USER_ID, flaw_of_name


class CheckedAuthenticator:
    """Asks `inner`, which may be the application's own, and lets nobody through whose user id could not be kept."""

    def __init__(self, inner: OwnAuthenticator) -> None:
        """Raises ConfigurationError where `inner` is no authenticator."""
        for name in ("authenticate", "trusts_clients"):
            if not hasattr(inner, name):
                raise ConfigurationError(f"The authenticator {inner!r} has no {name!r}")
        if not iscoroutinefunction(inner.authenticate):
            raise ConfigurationError(f"The authenticator {inner!r}: authenticate must be async")
        self._inner = inner

    @property
    def trusts_clients(self) -> bool:
        """Whether it believes any claim."""
        return self._inner.trusts_clients

    async def authenticate(self, claims: Mapping[str, object], client_id: str | None) -> Identity:
        """Whom `inner` finds behind `claims`. Raises what it raises, and ValueError for what is no identity."""
        found = await self._inner.authenticate(claims, client_id)
        identity = found if isinstance(found, Identity) else Identity(user_id=found)
        flaw = flaw_of_name(identity.user_id, MAX_USER_ID)
        if flaw is not None:
            given = f"{identity.user_id!r:.300} for a user id, which {flaw}"
            raise ValueError(f"The authenticator {self._inner!r} gave {given}")
        return identity
