"""Which pages may connect."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class OriginPolicy:
    """Allows the server's own pages, and those that are listed.

    Where none are listed, pages from this machine (`http://localhost:5173`) may connect too, as developers' do.
    """

    def __init__(self, allowed: Sequence[str]) -> None:
        self._allowed = frozenset(origin.rstrip("/") for origin in allowed)

    def __call__(self, origin: str, host: str) -> bool:
        """Whether a page of `origin` may connect to the server that the browser calls `host`."""
        if "*" in self._allowed or origin in self._allowed:
            return True
        try:
            parts = urlsplit(origin)
        except ValueError:  # it is no URL: an IPv6 address that does not end, and the like
            return False
        if parts.netloc and parts.netloc == host:
            return True
        return not self._allowed and parts.hostname in _LOOPBACK
