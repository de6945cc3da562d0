"""The keys that tokens are verified with, and which algorithms each of them fits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from .algorithms import CURVES, RSA, SECRETS

MAX_TRIED: Final = 4
"""Keys, for one token."""
MIN_RSA_BITS: Final = 2_048
MIN_SECRET: Final = {"HS256": 32, "HS384": 48, "HS512": 64}
"""Bytes, as RFC 7518 (3.2) demands: a shorter secret is found by trying."""

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey | Ed448PublicKey


class UnfitKey(ValueError):
    """What is given for a key is none, or none that may be used. The message never holds the key."""


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A key, and the algorithms that it may verify: those of its own kind alone.

    So a public key, which everybody has, can never be taken for the secret of HS256.
    """

    algorithms: Sequence[str]
    value: PublicKey | bytes = field(repr=False)
    kid: str | None = None

    @classmethod
    def of_secret(cls, secret: bytes) -> VerificationKey:
        """A secret that whoever signs has too. Raises UnfitKey where it is too short for any algorithm."""
        algorithms = tuple(name for name in SECRETS if len(secret) >= MIN_SECRET[name])
        if not algorithms:
            least = MIN_SECRET["HS256"]
            raise UnfitKey(
                f"a secret must have {least} bytes at least, not {len(secret)}: openssl rand -hex 32 makes one"
            )
        return cls(algorithms, secret)

    @classmethod
    def of_public(cls, key: Any, kid: str | None = None, only: str | None = None) -> VerificationKey:
        """A public key, for one algorithm `only` where its owner says so. Raises UnfitKey."""
        algorithms = _algorithms_of(key)
        if only is not None:
            algorithms = tuple(name for name in algorithms if name == only)
            if not algorithms:
                raise UnfitKey(f"the key is for the algorithm {only!r:.50}, which does not fit its kind")
        return cls(algorithms, key, kid)


@dataclass(frozen=True, slots=True)
class VerificationKeys:
    """The keys that a token may be signed with."""

    keys: Sequence[VerificationKey]

    def fitting(self, algorithm: str, kid: str | None) -> Sequence[VerificationKey]:
        """The first few that may verify such a token, since each one that is tried costs the loop up to a millisecond.

        A key without a name fits every name, a token without one every key.
        """
        fitting = (
            key
            for key in self.keys
            if algorithm in key.algorithms and (kid is None or key.kid is None or key.kid == kid)
        )
        return list(islice(fitting, MAX_TRIED))

    def first_choice(self) -> Sequence[str]:
        """The algorithms that are taken where none are named: one for each key, the usual one of its kind."""
        return tuple(dict.fromkeys(key.algorithms[0] for key in self.keys))

    def ensure_fit(self, algorithms: Iterable[str]) -> None:
        """Raise UnfitKey where one of them fits no key."""
        for name in algorithms:
            if not any(name in key.algorithms for key in self.keys):
                have = ", ".join(dict.fromkeys(each for key in self.keys for each in key.algorithms))
                raise UnfitKey(f"{name} does not fit the key, which is for {have}")


def _algorithms_of(key: Any) -> Sequence[str]:
    if isinstance(key, RSAPublicKey):
        if key.key_size < MIN_RSA_BITS:
            raise UnfitKey(f"an RSA key must have {MIN_RSA_BITS} bits at least, not {key.key_size}")
        return RSA
    if isinstance(key, EllipticCurvePublicKey):
        if key.curve.name not in CURVES:
            raise UnfitKey(f"the curve {key.curve.name} is not supported; P-256, P-384 and P-521 are")
        return (CURVES[key.curve.name],)
    if isinstance(key, Ed25519PublicKey | Ed448PublicKey):
        return ("EdDSA",)
    raise UnfitKey(f"a key must be of RSA, EC or EdDSA, not {type(key).__name__}")
