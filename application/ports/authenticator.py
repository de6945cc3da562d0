"""The port that says who is asking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol, runtime_checkable

OWN_PREFIX: Final = "dialogue."
PROXY_USER: Final = f"{OWN_PREFIX}proxyUser"
"""The claim that a trusted proxy has named this user. The server makes it; what a client says under it is dropped."""

SEEN: Final = f"{OWN_PREFIX}seen"
"""Under this key of the `state` of a connection's ASGI scope stand the claims that the server itself makes."""


@runtime_checkable
class Authenticator(Protocol):
    """Turns what a client claims of itself into a user id that the server stands for."""

    @property
    def trusts_clients(self) -> bool:
        """Whether it believes any claim: for development only."""
        ...

    async def authenticate(self, claims: Mapping[str, object], client_id: str | None) -> str:
        """The user id (1 to 255 printable characters) behind `claims`: the `auth` object of a connection, or the like.

        Keys that begin with `dialogue.` are the server's own, such as `PROXY_USER`. `client_id` names the connection,
        where there is one. Raises Unauthenticated, and InvalidRequest where a claim is malformed.
        """
        ...


def claims_of(scope: Any, said: Mapping[str, object]) -> dict[str, object]:
    """What the client has said of itself, and what the server has seen of it."""
    seen: Mapping[str, object] = (scope.get("state") or {}).get(SEEN) or {}
    return {**{name: value for name, value in said.items() if not name.startswith(OWN_PREFIX)}, **seen}
