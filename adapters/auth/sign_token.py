"""Making tokens, for development and tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from .read_keys import in_lines, secrets_in
from .verification_key import UnfitKey, VerificationKey, VerificationKeys


def sign_token(key: str, payload: Mapping[str, Any], algorithm: str | None = None) -> str:
    """A token of that payload, signed with a secret or a private key as PEM, by the usual algorithm of its kind.

    Of several secrets, one in a line, it is the first.
    Raises UnfitKey where the key cannot sign, or the algorithm does not fit it.
    """
    key = key.strip()
    signing, verifying = _private(key) if "-----BEGIN" in key else _secret(key)
    if algorithm is not None:
        VerificationKeys([verifying]).ensure_fit([algorithm])
    return jwt.encode(dict(payload), signing, algorithm=algorithm or verifying.algorithms[0])


def _secret(text: str) -> tuple[bytes, VerificationKey]:
    secret = next(iter(secrets_in(text)), "").encode()
    return secret, VerificationKey.of_secret(secret)


def _private(pem: str) -> tuple[Any, VerificationKey]:
    if "PRIVATE KEY" not in pem:
        raise UnfitKey("a public key cannot sign: give the private one")
    try:
        key = load_pem_private_key(in_lines(pem).encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UnfitKey("the private key cannot be read, or has a password") from None
    return key, VerificationKey.of_public(key.public_key())
