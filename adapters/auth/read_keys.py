"""From a text to the keys that it holds: PEM, a JSON Web Key Set, or secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from .verification_key import MAX_TRIED, UnfitKey, VerificationKey, VerificationKeys

MAX_KEYS = 64
"""In one set."""

_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)


def read_keys(text: str) -> VerificationKeys:
    """The keys in a file, or in a setting. Raises UnfitKey where there is none, or one that must not be there.

    What looks like PEM or JSON is read as that or refused: it is never a secret. Of secrets there is one in a line.
    """
    text = text.strip()
    if "-----BEGIN" in text:
        return _of_pem(in_lines(text))
    if text.startswith("{"):
        return read_jwks(text.encode())
    if not text:
        raise UnfitKey("there is nothing in it")
    return VerificationKeys([VerificationKey.of_secret(each.encode()) for each in secrets_in(text)])


def secrets_in(text: str) -> list[str]:
    """The secrets in a text that is no PEM and no JSON: one in a line, so that one can take another's place in time."""
    secrets = [line.strip() for line in text.splitlines() if line.strip()]
    if len(secrets) > MAX_TRIED:
        raise UnfitKey(f"it has {len(secrets)} secrets; {MAX_TRIED} at most are tried")
    return secrets


def in_lines(pem: str) -> str:
    """A PEM whose lines are written with `\\n`, as where a variable of the environment has to stand in one line."""
    return pem if "\n" in pem else pem.replace("\\n", "\n")


def read_jwks(body: bytes, on_unfit: Callable[[UnfitKey], object] | None = None) -> VerificationKeys:
    """The public keys of a JSON Web Key Set (RFC 7517), or of one key.

    Keys that are no signing keys are passed over. Raises UnfitKey; where `on_unfit` is given it is told of a single key
    that is unfit, and that one is left out.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnfitKey("it is no JSON") from error
    entries = document.get("keys", [document]) if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise UnfitKey('it is no key set, which looks like {"keys": […]}')
    if len(entries) > MAX_KEYS:
        raise UnfitKey(f"it has {len(entries)} keys; {MAX_KEYS} at most are taken")
    keys: list[VerificationKey] = []
    for entry in entries:
        try:
            key = _of_jwk(entry)
        except UnfitKey as error:
            if on_unfit is None:
                raise
            on_unfit(error)
            continue
        if key is not None:
            keys.append(key)
    if not keys:
        raise UnfitKey("there is no key in it that could verify a signature")
    return VerificationKeys(keys)


def _of_jwk(entry: Any) -> VerificationKey | None:
    if not isinstance(entry, Mapping):
        raise UnfitKey("a key in it is no JSON object")
    kid, alg, use = entry.get("kid"), entry.get("alg"), entry.get("use", "sig")
    name = f"the key {kid!r:.60}" if kid is not None else "a key in it"
    if use != "sig":
        return None
    if entry.get("kty") == "oct":
        raise UnfitKey(f"{name} is a secret, and only public keys belong into a key set; give it by --jwt-key")
    if "d" in entry:
        raise UnfitKey(f"{name} is a private one: whoever reads it can sign for everybody")
    try:
        value = PyJWK({field: each for field, each in entry.items() if field != "alg"}).key
    except (PyJWTError, ValueError, TypeError, KeyError, UnsupportedAlgorithm):
        # What it says may quote the key.
        raise UnfitKey(f"{name} cannot be read, or is of a kind that is not supported") from None
    try:
        named = kid if isinstance(kid, str) else None
        return VerificationKey.of_public(value, named, alg if isinstance(alg, str) else None)
    except UnfitKey as error:
        raise UnfitKey(f"{name}: {error}") from error


def _of_pem(text: str) -> VerificationKeys:
    blocks = list(_PEM.finditer(text))
    if not blocks:
        raise UnfitKey("its PEM has no end")
    return VerificationKeys([_of_block(block[1], block[0].encode()) for block in blocks])


def _of_block(kind: str, pem: bytes) -> VerificationKey:
    if "PRIVATE KEY" in kind:
        raise UnfitKey("it is a private key, and the public one is enough here: openssl pkey -pubout gives it")
    try:
        if kind == "CERTIFICATE":
            return VerificationKey.of_public(load_pem_x509_certificate(pem).public_key())
        return VerificationKey.of_public(load_pem_public_key(pem))
    except UnfitKey:
        raise
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnfitKey(f"its {kind} cannot be read") from error
