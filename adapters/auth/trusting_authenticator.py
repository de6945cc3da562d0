"""Believing what a client says of itself."""

from __future__ import annotations

from collections.abc import Mapping

from ...application.ports.authenticator import Identity
from ...domain.errors import InvalidRequest, Unauthenticated
from ...domain.names import MAX_USER_ID, flaw_of_name


class TrustingAuthenticator:
    """Takes the user id that the client claims, or the connection's own id where it claims none.

    For development, and behind a proxy that sets the id itself.
    """

    trusts_clients = True

    async def authenticate(self, claims: Mapping[str, object], client_id: str | None) -> Identity:
        """See `Authenticator.authenticate`."""
        user_id = claims.get("userId")
        if user_id is None:
            if client_id is None:
                raise Unauthenticated("Say who you are: the header X-User-Id, or userId in the query")
            return Identity(user_id=client_id)
        flaw = flaw_of_name(user_id, MAX_USER_ID) if isinstance(user_id, str) else "must be a text"
        if flaw:
            raise InvalidRequest.field("auth.userId", flaw)
        assert isinstance(user_id, str)
        return Identity(user_id=user_id)
