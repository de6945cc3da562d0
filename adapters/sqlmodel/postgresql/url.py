"""The addresses of PostgreSQL databases, as `libpq` reads them."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

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


def is_postgresql(url: str) -> bool:
    """Whether `url` is the address of a PostgreSQL database."""
    return url.partition("://")[0] in SCHEMES and "://" in url


def dsn_of(url: str) -> str:
    """The address as the driver takes it. Raises ConfigurationError where it is none, or asks for what it cannot do."""
    if not is_postgresql(url):
        raise ConfigurationError(f"{shown(url)!r} must begin with postgresql://")
    where, _, query = url.partition("://")[2].partition("?")
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    if parameters.get("channel_binding") == "require":
        raise ConfigurationError(
            f"{shown(url)!r}: channel_binding=require cannot be kept; sslmode=verify-full names the server as surely"
        )
    taken = {name: value for name, value in parameters.items() if name not in UNUSED}
    return f"postgresql://{where}" + (f"?{urlencode(taken)}" if taken else "")


def shown(url: str) -> str:
    """The address as it may be shown and logged: without its password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return f"{url.partition('://')[0]}://…"
    who, at, where = parts.netloc.rpartition("@")
    user = who.partition(":")[0]
    query = "&".join(each for each in parts.query.split("&") if "password" not in each.partition("=")[0].lower())
    return urlunsplit(parts._replace(netloc=f"{user}{at}{where}", query=query))
