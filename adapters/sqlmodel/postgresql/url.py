"""The addresses of PostgreSQL databases, as `libpq` reads them."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

from ....domain.errors import ConfigurationError

SCHEMES = ("postgresql", "postgres", "postgresql+asyncpg")
"""What such an address may begin with; all of them mean the same."""
UNUSED = frozenset(
    {
        *("connect_timeout", "channel_binding", "gssencmode", "sslcompression", "sslsni", "tcp_user_timeout"),
        *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
    }
)
"""Parameters of libpq that settings say instead, or that only tune it; the driver would hand them to the server."""


_HOST = r"(\[[^\]@]*\]|[^\[\]:@]*)(:\d*)?"
_HOSTS = re.compile(rf"{_HOST}(,{_HOST})*")
_PORTS = re.compile(r"[0-9,]*")


def is_postgresql(url: str) -> bool:
    """Whether `url` is the address of a PostgreSQL database."""
    return url.partition("://")[0] in SCHEMES and "://" in url


def dsn_of(url: str) -> str:
    """The address as the driver takes it. Raises ConfigurationError where it is none, or asks for what it cannot do."""
    if not is_postgresql(url):
        raise ConfigurationError(f"{shown(url)!r} must begin with postgresql://")
    if not _has_hosts(url):
        raise ConfigurationError(
            f"{shown(url)!r} names no host and port; in a password @ is written as %40, / as %2F, and so on"
        )
    where, _, query = _quoted(url).partition("://")[2].partition("?")
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    if not _PORTS.fullmatch(parameters.get("port", "")):
        raise ConfigurationError(f"{shown(url)!r}: port must be a number, or one for each host, as in 5432,5433")
    if parameters.get("channel_binding") == "require":
        raise ConfigurationError(
            f"{shown(url)!r}: channel_binding=require cannot be kept; sslmode=verify-full names the server as surely"
        )
    taken = {name: value for name, value in parameters.items() if name not in UNUSED}
    return f"postgresql://{where}" + (f"?{urlencode(taken)}" if taken else "")


def shown(url: str) -> str:
    """The address as it may be shown and logged: without its password, and with nothing that may be part of one."""
    scheme, is_address, _ = url.partition("://")
    if not is_address:
        return "…" if "@" in url else url
    try:
        parts = urlsplit(_quoted(url))
    except ValueError:
        return f"{scheme}://…"
    who, at, where = parts.netloc.rpartition("@")
    if "@" in parts.path or not _HOSTS.fullmatch(where):
        return f"{scheme}://…"  # a password that holds a / or a ? has been cut in two
    user = who.partition(":")[0]
    query = "&".join(each for each in parts.query.split("&") if "password" not in each.partition("=")[0].lower())
    return f"{scheme}://{user}{at}{where}{parts.path}" + (f"?{query}" if query else "")


def _has_hosts(url: str) -> bool:
    try:
        netloc = urlsplit(_quoted(url)).netloc
    except ValueError:
        return False
    return _HOSTS.fullmatch(netloc.partition("@")[2] if "@" in netloc else netloc) is not None


def _quoted(url: str) -> str:
    """With what `libpq` takes for a sign like others, and parsers of URLs for the beginning of a fragment."""
    return url.replace("#", "%23")
