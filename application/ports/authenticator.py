"""The port that says who is asking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isnan
from typing import Any, Final, Protocol, runtime_checkable

from ...domain.json_value import MAX_INTEGER
from ...domain.names import MAX_USER_ID, flaw_of_name

OWN_PREFIX: Final = "dialogue."
PROXY_USER: Final = f"{OWN_PREFIX}proxyUser"
"""The claim that a trusted proxy has named this user. The server makes it; what a client says under it is dropped."""

SEEN: Final = f"{OWN_PREFIX}seen"
"""Under this key of the `state` of a connection's ASGI scope stand the claims that the server itself makes."""


LATEST_S: Final = MAX_INTEGER // 1_000
"""The latest end that clients can be told of: later ones, infinity too, count as this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who is asking, as the server stands for it.

    `claims` are what the authenticator vouches for beside the user id, such as the payload of a token: rules for
    permissions may rely on them. At `expires_at_s`, in seconds since the Unix epoch, it ends, and with it what was
    opened under it; None is never.
    """

    user_id: str
    claims: Mapping[str, object] = field(default_factory=dict, hash=False, repr=False)
    expires_at_s: float | None = None


def flaw_of_identity(identity: Identity) -> str | None:
    """What the server cannot stand for; None where it can for all of it."""
    flaw = flaw_of_name(identity.user_id, MAX_USER_ID)
    if flaw is not None:
        return f"{identity.user_id!r:.300} for a user id, which {flaw}"
    ends_at: object = identity.expires_at_s
    is_number = isinstance(ends_at, (int, float)) and not isinstance(ends_at, bool)
    if ends_at is None or (is_number and not (isinstance(ends_at, float) and isnan(ends_at))):
        return None
    return f"{ends_at!r:.100} for expires_at_s, which must be a number"


@runtime_checkable
class Authenticator(Protocol):
    """Turns what a client claims of itself into an identity that the server stands for."""

    @property
    def trusts_clients(self) -> bool:
        """Whether it believes any claim: for development only."""
        ...

    async def authenticate(self, claims: Mapping[str, object], client_id: str | None) -> Identity:
        """Who is behind `claims`: the `auth` object of a connection, or the like.

        The user id has 1 to 255 printable characters.
        Keys that begin with `dialogue.` are the server's own, such as `PROXY_USER`. `client_id` names the connection,
        where there is one. Raises Unauthenticated, and InvalidRequest where a claim is malformed.
        """
        ...


class OwnAuthenticator(Protocol):
    """An application's own, which may give a user id alone where there is nothing more to say."""

    @property
    def trusts_clients(self) -> bool:
        """See `Authenticator.trusts_clients`."""
        ...

    async def authenticate(self, claims: Mapping[str, object], client_id: str | None) -> Identity | str:
        """See `Authenticator.authenticate`."""
        ...


def claims_of(scope: Any, said: Mapping[str, object]) -> dict[str, object]:
    """What the client has said of itself, and what the server has seen of it."""
    seen: Mapping[str, object] = (scope.get("state") or {}).get(SEEN) or {}
    return {**{name: value for name, value in said.items() if not name.startswith(OWN_PREFIX)}, **seen}
