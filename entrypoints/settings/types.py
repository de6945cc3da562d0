"""Kinds of settings that are written as texts: lists of names, origins, hosts."""

from __future__ import annotations

import json
import re
import secrets
import socket
from typing import Annotated, Any, Literal

from limits import parse_many
from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode

from ...adapters.asgi.origin_policy import ANY, as_origin
from ...adapters.asgi.trusted_proxies import UNIX, network_of
from ...domain.rate import Rate

OFF = "off"
MAX_RATE = 1_000_000_000
KIB = 1024
MIB = 1024 * KIB

_HOST = re.compile(r"(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?|\[?[0-9A-Fa-f:.]+\]?")


def new_node_id() -> str:
    """A name that no other node has: the machine's, as far as it can stand there, and a few random digits."""
    machine = re.sub(r"[^A-Za-z0-9-]+", "-", socket.gethostname().partition(".")[0])[:32].strip("-") or "node"
    return f"{machine}-{secrets.token_hex(3)}"


def _as_list(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.startswith("["):
        try:
            return json.loads(text)
        except ValueError as error:
            raise ValueError(f"is no JSON list: {text!r}; or write it with commas alone, as in a,b") from error
    return [part.strip() for part in text.split(",") if part.strip()]


def _are_origins(names: list[str]) -> list[str]:
    for name in names:
        if name != ANY and as_origin(name.removesuffix("/")) is None:
            raise ValueError(f"{name!r} must be an origin, as in https://chat.example.org, or *")
    return names


def _are_hosts(names: list[str]) -> list[str]:
    for name in names:
        if name != ANY and not _HOST.fullmatch(name):
            raise ValueError(f"{name!r} must be a name without scheme and port, as in chat.example.org, or *")
    return names


def _are_proxies(names: list[str]) -> list[str]:
    for name in names:
        if name != UNIX:
            network_of(name)
    return names


def rates_of(text: str) -> tuple[Rate, ...]:
    """The limits that `text` names, as in `50/second` or `50/second, 1000/hour`. Raises ValueError."""
    if text == OFF:
        return ()
    try:
        found = tuple(Rate(item.amount, float(item.get_expiry())) for item in parse_many(text))
    except ValueError:
        found = ()
    if not found or any(not 0 < rate.amount <= MAX_RATE or rate.per_s <= 0 for rate in found):
        raise ValueError(f"{text!r} must be a limit, as in 50/second, 600/minute or 1000/5 minutes, or {OFF}")
    return found


def _are_rates(text: str) -> str:
    rates_of(text)
    return text


Names = Annotated[list[str], NoDecode, BeforeValidator(_as_list)]
"""Names, as `a,b` or as a JSON list."""

Origins = Annotated[Names, AfterValidator(_are_origins)]
Hosts = Annotated[Names, AfterValidator(_are_hosts)]
Proxies = Annotated[Names, AfterValidator(_are_proxies)]
Rates = Annotated[str, AfterValidator(_are_rates)]
Creators = Literal["users", "permitted"]
Deleters = Literal["makers", "permitted"]
Redactors = Literal["senders", "permitted"]
Auth = Literal["trusting", "jwt", "api-keys", "proxy"]
