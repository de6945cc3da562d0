"""Whichever authenticator is in force, held to what it promises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from inspect import iscoroutinefunction

from ...application.ports.authenticator import LATEST_S, Identity, OwnAuthenticator, flaw_of_identity
from ...application.ports.clock import Clock
from ...domain.errors import ConfigurationError, Unauthenticated


class CheckedAuthenticator:
    """Asks `inner`, which may be the application's own.

    Nobody is let through whose user id could not be kept, or whose time is over, whatever the way in.
    """

    def __init__(self, inner: OwnAuthenticator, clock: Clock) -> None:
        """Raises ConfigurationError where `inner` is no authenticator."""
        for name in ("authenticate", "trusts_clients"):
            if not hasattr(inner, name):
                raise ConfigurationError(f"The authenticator {inner!r} has no {name!r}")
        if not iscoroutinefunction(inner.authenticate):
            raise ConfigurationError(f"The authenticator {inner!r}: authenticate must be async")
        self._inner = inner
        self._clock = clock

    @property
    def trusts_clients(self) -> bool:
        """Whether it believes any claim."""
        return self._inner.trusts_clients

    async def authenticate(self, claims: Mapping[str, object], client_id: str | None) -> Identity:
        """Whom `inner` finds behind `claims`.

        Raises what it raises, ValueError for what is no identity, and Unauthenticated for one that has ended.
        """
        found = await self._inner.authenticate(claims, client_id)
        identity = found if isinstance(found, Identity) else Identity(user_id=found)
        flaw = flaw_of_identity(identity)
        if flaw is not None:
            raise ValueError(f"The authenticator {self._inner!r} gave {flaw}")
        return identity if identity.expires_at_s is None else self._in_time(identity, identity.expires_at_s)

    def _in_time(self, identity: Identity, ends_at_s: float) -> Identity:
        if ends_at_s <= self._clock.now_ms() / 1_000:
            raise Unauthenticated("The token has run out")
        return identity if ends_at_s <= LATEST_S else replace(identity, expires_at_s=LATEST_S)
