"""Which pages may connect, listen and change things."""

from __future__ import annotations

import re
from collections.abc import Iterable

_ORIGIN = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>\[[0-9a-f:.]+\]|[^:/?#@,*\[\]\s]+)(?::(?P<port>[0-9]{1,5}))?"
)
_PORTS = {"http": "80", "https": "443"}
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
ANY = "*"


class OriginPolicy:
    """Allows the server's own pages, and those that are listed.

    Where none are listed, pages from this machine (`http://localhost:5173`) may connect too, as developers' do.
    With `credentials` an allowed page may send cookies along.
    """

    def __init__(self, allowed: Iterable[str], *, credentials: bool = False) -> None:
        self.credentials = credentials
        self._allowed = frozenset(origin if origin == ANY else as_origin(origin.rstrip("/")) for origin in allowed)

    def allows(self, origin: str, host: str) -> bool:
        """Whether a page of `origin` may use the server that the browser calls `host`, which was checked before."""
        if ANY in self._allowed:
            return True
        known = as_origin(origin)
        if known is None:
            return False
        if known in self._allowed:
            return True
        scheme, _, authority = known.partition("://")
        if scheme not in _PORTS:
            return False
        if known == as_origin(f"{scheme}://{host}"):
            return True
        return not self._allowed and authority.rpartition(":")[0] in _LOOPBACK


def as_origin(text: str) -> str | None:
    """The origin in its one form, with its port where it has one; None where `text` is no origin."""
    found = _ORIGIN.fullmatch(text.lower())
    if found is None:
        return None
    port = found["port"] or _PORTS.get(found["scheme"])
    return f"{found['scheme']}://{found['host']}" + (f":{port}" if port else "")
