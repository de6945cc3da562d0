"""Taking the user from the proxy in front."""

from __future__ import annotations

from collections.abc import Mapping

from ...application.ports.authenticator import PROXY_USER, Identity
from ...domain.errors import InvalidRequest, Unauthenticated
from ...domain.names import MAX_USER_ID, flaw_of_name


class ProxyAuthenticator:
    """Takes the user id that a trusted proxy has set on the request, and nothing that the client says itself."""

    trusts_clients = False

    async def authenticate(self, claims: Mapping[str, object], client_id: str | None) -> Identity:  # noqa: ARG002
        """See `Authenticator.authenticate`."""
        user_id = claims.get(PROXY_USER)
        if not isinstance(user_id, str):
            raise Unauthenticated("No trusted proxy says who you are")
        flaw = flaw_of_name(user_id, MAX_USER_ID)
        if flaw:
            raise InvalidRequest.field("auth", f"the user that the proxy names {flaw}")
        return Identity(user_id=user_id)
