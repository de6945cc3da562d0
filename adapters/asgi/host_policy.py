"""Which names the server answers to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address

_HOST = re.compile(r"(?P<name>\[[^\[\]\s]+\]|[^:/@,\[\]\s]+)(?::[0-9]*)?")
_LOCAL = "localhost"
ANY = "*"


class HostPolicy:
    """Allows addresses, `localhost`, the name that the server is bound to and the names that are listed; any port.

    A page that makes its own name point to this machine (DNS rebinding) has the browser send that name as `Host`, and
    is then of the same origin as we are. An address cannot be made to point elsewhere.

    `*` is every name, and `*.example.org` is each name below example.org.
    """

    def __init__(self, allowed: Iterable[str], bound: str) -> None:
        names = {name.lower().rstrip(".") for name in (*allowed, bound)}
        self._names = frozenset({_LOCAL, *names})
        self._endings = tuple(name[1:] for name in names if name.startswith("*."))

    def allows(self, host: str | None) -> bool:
        """Whether the header `Host` names this server; a request without one names nobody."""
        found = _HOST.fullmatch(host or "")
        if ANY in self._names:
            return True
        if found is None:
            return False
        name = found["name"].lower().rstrip(".")
        return name in self._names or name.endswith(self._endings) or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True
