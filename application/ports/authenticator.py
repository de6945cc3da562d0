"""The port that says who is asking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Authenticator(Protocol):
    """Turns what a client claims of itself into a user id that the server stands for."""

    @property
    def trusts_clients(self) -> bool:
        """Whether it believes any claim: for development only."""
        ...

    async def authenticate(self, claims: Mapping[str, object], client_id: str | None) -> str:
        """The user id (1 to 255 printable characters) behind `claims`, the `auth` object of a connection.

        `client_id` names the connection, where there is one. Raises Unauthenticated, and InvalidRequest where a
        claim is malformed.
        """
        ...
