"""The algorithms that a token may be signed with; apart from the keys, whose cryptography settings do not need."""

from __future__ import annotations

from typing import Final

SECRETS: Final = ("HS256", "HS384", "HS512")
RSA: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
CURVES: Final = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
ALGORITHMS: Final = (*SECRETS, *RSA, *CURVES.values(), "EdDSA")
"""All that a token may be signed with. `none` is not among them."""
