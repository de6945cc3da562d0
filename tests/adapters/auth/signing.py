"""Keys of every kind, and tokens that they sign."""

from __future__ import annotations

import json
from functools import cache
from time import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

DAY_S = 86_400
"""For tokens that are made when tests are collected, long before they are used."""

SECRET = "a secret of tests alone, which has more than the 64 bytes of HS512"

CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}


@cache
def private_key(algorithm: str, number: int = 0) -> Any:
    """A private key for the algorithm; the same one for the same number."""
    del number
    if algorithm in CURVES:
        return ec.generate_private_key(CURVES[algorithm])
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


def public_pem(key: Any) -> str:
    """The public half, as PEM."""
    pem: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode()


def private_pem(key: Any) -> str:
    """The private key, as PEM."""
    pem: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem.decode()


def jwk(key: Any, kid: str | None = None, **more: object) -> dict[str, Any]:
    """The public half, as a JSON Web Key."""
    public = key.public_key()
    kinds = ((rsa.RSAPublicKey, RSAAlgorithm), (ec.EllipticCurvePublicKey, ECAlgorithm))
    algorithm: Any = next((found for kind, found in kinds if isinstance(public, kind)), OKPAlgorithm)
    fields: dict[str, Any] = json.loads(algorithm.to_jwk(public))
    fields.pop("key_ops", None)
    return fields | ({} if kid is None else {"kid": kid}) | more


def key_set(*keys: dict[str, Any]) -> str:
    """A JSON Web Key Set."""
    return json.dumps({"keys": keys})


def token(key: Any = SECRET, algorithm: str = "HS256", kid: str | None = None, **claims: object) -> str:
    """A token of ada that holds for a day, where `claims` say nothing else; None leaves one out."""
    payload = {"sub": "ada", "exp": time() + DAY_S} | claims
    headers = None if kid is None else {"kid": kid}
    return jwt.encode(
        {name: value for name, value in payload.items() if value is not None}, key, algorithm=algorithm, headers=headers
    )
