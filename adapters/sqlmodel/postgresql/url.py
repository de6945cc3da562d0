"""The addresses of PostgreSQL databases, as `libpq` reads them."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from ....domain.errors import ConfigurationError

SCHEMES = ("postgresql", "postgres", "postgresql+asyncpg")
"""What such an address may begin with; all of them mean the same."""


def is_postgresql(url: str) -> bool:
    """Whether `url` is the address of a PostgreSQL database."""
    return url.partition("://")[0] in SCHEMES and "://" in url


def dsn_of(url: str) -> str:
    """The address as the driver takes it. Raises ConfigurationError where it is none."""
    if not is_postgresql(url):
        raise ConfigurationError(f"{shown(url)!r} must begin with postgresql://")
    return f"postgresql://{url.partition('://')[2]}"


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
