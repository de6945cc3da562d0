"""The authenticators that settings can name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from ..adapters.auth.algorithms import SECRETS
from ..adapters.auth.api_key_authenticator import ApiKeyAuthenticator
from ..adapters.auth.api_key_file import ApiKey, read_api_keys
from ..adapters.auth.fixed_keys import FixedKeys
from ..adapters.auth.jwks_address import JwksAddress
from ..adapters.auth.jwt_authenticator import FindKeys, JwtAuthenticator, TokenRules
from ..adapters.auth.read_keys import read_keys
from ..adapters.auth.verification_key import VerificationKeys
from ..adapters.auth.watched_file import WatchedFile
from ..adapters.threads.daemon_threads import DaemonThreads
from ..application.ports.authenticator import Authenticator
from ..domain.errors import ConfigurationError
from .settings.settings import Settings

T = TypeVar("T")

logger = logging.getLogger("dialogue.auth")


def jwt_authenticator(settings: Settings) -> Authenticator:
    """Tokens by `settings`, and API keys beside them where there are any. Raises ConfigurationError."""
    rules = TokenRules(
        algorithms=settings.jwt_algorithms,
        audience=settings.jwt_audience,
        issuer=settings.jwt_issuer or None,
        leeway_s=settings.jwt_leeway_s,
        user_claim=settings.jwt_user_claim,
    )
    tokens = JwtAuthenticator(_find_keys(settings), rules)
    return ApiKeyAuthenticator(_api_keys(settings), tokens) if settings.api_keys else tokens


def api_key_authenticator(settings: Settings) -> Authenticator:
    """API keys by `settings`. Raises ConfigurationError."""
    return ApiKeyAuthenticator(_api_keys(settings))


def _find_keys(settings: Settings) -> FindKeys:
    if settings.jwt_jwks:
        return _keys_at_address(settings)
    if settings.jwt_key_file:

        def read(text: str) -> VerificationKeys:
            keys = read_keys(text)
            keys.ensure_fit(settings.jwt_algorithms)
            return keys

        return FixedKeys(_watched("--jwt-key-file", settings.jwt_key_file, read))
    text = settings.jwt_key.get_secret_value()
    if _names_a_file(text):
        raise ConfigurationError("--jwt-key is the name of a file: give it by --jwt-key-file")
    try:
        keys = read_keys(text)
        keys.ensure_fit(settings.jwt_algorithms)
    except ValueError as error:
        raise ConfigurationError(f"--jwt-key: {error}") from error
    return FixedKeys(lambda: keys)


def _keys_at_address(settings: Settings) -> FindKeys:
    secret = [name for name in settings.jwt_algorithms if name in SECRETS]
    if secret:
        raise ConfigurationError(
            f"--jwt-algorithms: {secret[0]} needs a secret, and --jwt-jwks gives public keys, which everybody has"
        )
    if urlsplit(settings.jwt_jwks).scheme == "http":
        logger.warning("the keys for tokens come over http: whoever can change what is on the way can be anybody")
    if not settings.jwt_audience:
        logger.warning("tokens that their issuer made for other services are taken too: set --jwt-audience")
    return JwksAddress.of_url(settings.jwt_jwks, DaemonThreads(1))


def _api_keys(settings: Settings) -> Callable[[], Sequence[ApiKey]]:
    return _watched("--api-keys", settings.api_keys, read_api_keys)


def _watched(option: str, path: str, read: Callable[[str], T]) -> Callable[[], T]:
    try:
        file = WatchedFile(path, read)
    except ValueError as error:
        raise ConfigurationError(f"{option}: {error}") from error
    return lambda: file.value


def _names_a_file(text: str) -> bool:
    try:
        return "\n" not in text and Path(text).is_file()
    except (OSError, ValueError):
        return False
