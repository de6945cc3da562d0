"""Knowing a user by a JSON Web Token."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import jwt
from jwt.exceptions import (
    ExpiredSignatureError,
    ImmatureSignatureError,
    InvalidAudienceError,
    InvalidIssuerError,
    InvalidSignatureError,
    InvalidTokenError,
    MissingRequiredClaimError,
    PyJWTError,
)

from ...application.ports.authenticator import LATEST_S, Identity
from ...domain.errors import Unauthenticated
from ...domain.names import MAX_USER_ID, flaw_of_name
from .verification_key import VerificationKey, VerificationKeys

MAX_TOKEN = 16_384
"""Characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """What a token must be like, beside being signed.

    `algorithms` are those that are taken (empty: of each key the usual one of its kind), `audience` are names of which
    a token must have one (empty: it must have none), `leeway_s` is by how much the clocks of who signs and who reads
    may differ, and `user_claim` is the claim that holds the user id.
    """

    algorithms: Sequence[str] = ()
    audience: Sequence[str] = ()
    issuer: str | None = None
    leeway_s: float = 0.0
    user_claim: str = "sub"


class FindKeys(Protocol):
    """Where the keys are."""

    async def __call__(self, kid: str | None) -> VerificationKeys:
        """The keys as they are now, with the one of this name among them, where there is one.

        Raises Unavailable where they cannot be had.
        """
        ...


class JwtAuthenticator:
    """Takes the user id, and all else that it vouches for, from a token that one of the keys has signed.

    A token needs `exp`, until which (and `leeway_s` longer) the identity lasts. The token's own header only says which
    of the allowed algorithms it is, and a key is used for the algorithms of its own kind alone.
    """

    trusts_clients = False

    def __init__(self, find_keys: FindKeys, rules: TokenRules) -> None:
        self._find_keys = find_keys
        self._rules = rules
        self._required = ["exp", rules.user_claim]

    async def authenticate(self, claims: Mapping[str, object], client_id: str | None) -> Identity:  # noqa: ARG002
        """See `Authenticator.authenticate`: the token is the claim `token`."""
        token = claims.get("token")
        if not isinstance(token, str) or not token:
            raise Unauthenticated("A token is needed")
        if len(token) > MAX_TOKEN:
            raise Unauthenticated(f"A token may have {MAX_TOKEN} characters at most")
        algorithm, kid = _header_of(token)
        keys = await self._find_keys(kid)
        if algorithm not in (self._rules.algorithms or keys.first_choice()):
            raise Unauthenticated("The token is signed in a way that is not allowed here")
        return self._identity_of(self._payload_of(token, algorithm, keys.fitting(algorithm, kid)))

    def _payload_of(self, token: str, algorithm: str, keys: Sequence[VerificationKey]) -> Mapping[str, Any]:
        for key in keys:
            try:
                return jwt.decode(
                    token,
                    key.value,
                    algorithms=[algorithm],
                    audience=self._rules.audience or None,
                    issuer=self._rules.issuer,
                    leeway=self._rules.leeway_s,
                    options={"require": self._required, "verify_sub": False},
                )
            except InvalidSignatureError:
                continue
            except InvalidTokenError as error:
                raise Unauthenticated(_reason(error)) from error
            except (PyJWTError, RecursionError, ValueError, TypeError, OverflowError) as error:
                raise Unauthenticated("The token is not valid") from error
        raise Unauthenticated("The token is not signed with a key that is known here")

    def _identity_of(self, payload: Mapping[str, Any]) -> Identity:
        user_id, ends_at = payload[self._rules.user_claim], payload["exp"]
        flaw = flaw_of_name(user_id, MAX_USER_ID) if isinstance(user_id, str) else "must be a text"
        if flaw is not None:
            raise Unauthenticated(f"The token's claim {self._rules.user_claim!r} {flaw}")
        if isinstance(ends_at, bool) or not isinstance(ends_at, int | float):  # PyJWT takes no NaN, and no infinity
            raise Unauthenticated("The token's claim 'exp' must be a number")
        return Identity(user_id=user_id, claims=payload, expires_at_s=min(ends_at, LATEST_S) + self._rules.leeway_s)


def _header_of(token: str) -> tuple[str, str | None]:
    """Algorithm and key as the token names them. PyJWT would decode all of it for that, letter by letter."""
    segment = token.partition(".")[0]
    try:
        header = json.loads(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (RecursionError, ValueError) as error:
        raise Unauthenticated("The token is no JSON Web Token") from error
    algorithm = header.get("alg") if isinstance(header, dict) else None
    if not isinstance(algorithm, str):
        raise Unauthenticated("The token is no JSON Web Token")
    kid = header.get("kid")
    if not (kid is None or isinstance(kid, str)):
        raise Unauthenticated("The token is no JSON Web Token")
    return algorithm, kid


def _reason(error: InvalidTokenError) -> str:
    """What a client may be told; never what stands in the token."""
    match error:
        case ExpiredSignatureError():
            return "The token has run out"
        case ImmatureSignatureError():
            return "The token is not valid yet"
        case InvalidAudienceError():
            return "The token is for another audience"
        case InvalidIssuerError():
            return "The token is of another issuer"
        case MissingRequiredClaimError():
            return f"The token has no claim {error.claim!r}"
        case _:
            return "The token is not valid"
