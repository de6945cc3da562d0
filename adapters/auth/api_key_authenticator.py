"""Knowing a backend by its API key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hmac import compare_digest

from ...application.ports.authenticator import Authenticator, Identity
from ...domain.errors import Unauthenticated
from .api_key_file import PREFIX, ApiKey, digest_of

MAX_KEY = 256
"""Characters."""


class ApiKeyAuthenticator:
    """Takes the user of the key that is the claim `token`; its roles are the identity's claim `roles`.

    With `otherwise`, what does not look like an API key is that one's to judge, as where backends have keys and users
    have tokens.
    """

    trusts_clients = False

    def __init__(self, keys: Callable[[], Sequence[ApiKey]], otherwise: Authenticator | None = None) -> None:
        """`keys` gives those that hold now."""
        self._keys = keys
        self._otherwise = otherwise

    async def authenticate(self, claims: Mapping[str, object], client_id: str | None) -> Identity:
        """See `Authenticator.authenticate`."""
        token = claims.get("token")
        if self._otherwise is not None and not (isinstance(token, str) and token.startswith(PREFIX)):
            return await self._otherwise.authenticate(claims, client_id)
        if not isinstance(token, str) or not token:
            raise Unauthenticated("An API key is needed")
        if len(token) > MAX_KEY:
            raise Unauthenticated("This is no API key")
        digest = digest_of(token)
        found = [key for key in self._keys() if compare_digest(key.digest, digest)]
        if not found:
            raise Unauthenticated("The API key is not known")
        return Identity(user_id=found[0].user_id, claims={"apiKey": found[0].name, "roles": list(found[0].roles)})
