"""The keys by which an application's own backends are known: how they look, and the file that lists them."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from ...domain.names import MAX_USER_ID, flaw_of_name

PREFIX = "dlg_"
"""Begins every key, so that one is known for what it is: by us, and by programs that look for leaked secrets."""
HASH = "sha256:"
_HASH = re.compile(r"sha256:([0-9a-f]{64})")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
EXAMPLE = "NAME sha256:… user=ID roles=ONE,TWO"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What the file says of one key: the hash of it, as whom it speaks, and with which roles."""

    name: str
    digest: bytes
    user_id: str
    roles: tuple[str, ...] = ()


def new_api_key() -> str:
    """A key that nobody guesses: 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


def digest_of(key: str) -> bytes:
    """What is kept of a key. It is random and long, so that one plain SHA-256 is as good as a slow hash."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def line_of(key: str, name: str, user_id: str | None = None, roles: tuple[str, ...] = ()) -> str:
    """The line of the file for that key. Raises ValueError where a part of it cannot stand there."""
    parts = [name, HASH + digest_of(key).hex()]
    parts += [f"user={user_id}"] if user_id is not None else []
    parts += [f"roles={','.join(roles)}"] if roles else []
    line = " ".join(parts)
    try:
        is_read = read_api_keys(line) == [ApiKey(name, digest_of(key), user_id or name, roles)]
    except ValueError:
        is_read = False
    if not is_read:
        raise ValueError(
            "a name is 1 to 64 letters, digits, dots, hyphens and underscores; a user id and a role hold no space, "
            "and a role no comma"
        )
    return line


def read_api_keys(text: str) -> list[ApiKey]:
    """The keys of a file: one in a line, empty lines and what follows a `#` at a line's begin left out.

    Raises ValueError with the line that is wrong, and never with what stands there for a hash.
    """
    keys: list[ApiKey] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        try:
            key = _key_of(words)
        except ValueError as error:
            raise ValueError(f"line {number}: {error}; a line is {EXAMPLE}") from error
        if any(key.name == other.name for other in keys):
            raise ValueError(f"line {number}: there is another key named {key.name}")
        keys.append(key)
    return keys


def _key_of(words: list[str]) -> ApiKey:
    name, *rest = words
    if not _NAME.fullmatch(name):
        raise ValueError("a name is 1 to 64 letters, digits, dots, hyphens and underscores")
    found = _HASH.fullmatch(rest[0]) if rest else None
    if found is None:
        raise ValueError(f"{name} has no hash: sha256: and 64 hexadecimal digits")
    options = _options(name, rest[1:])
    user_id = options.get("user", name)
    flaw = flaw_of_name(user_id, MAX_USER_ID)
    if flaw is not None:
        raise ValueError(f"the user of {name} {flaw}")
    roles = tuple(role for role in options.get("roles", "").split(",") if role)
    return ApiKey(name, bytes.fromhex(found[1]), user_id, roles)


def _options(name: str, words: list[str]) -> Mapping[str, str]:
    options: dict[str, str] = {}
    for word in words:
        option, equals, value = word.partition("=")
        if option not in ("user", "roles") or not equals or not value or option in options:
            raise ValueError(f"after the hash of {name} only user=… and roles=… may stand, once each")
        options[option] = value
    return options
