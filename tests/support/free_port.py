"""A port that nobody uses."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from random import SystemRandom

FIRST = 20_000
EACH = 4_000
"""Below those that systems give out by themselves, which somebody else might get while a server of ours is restarted;
and where tests run in several processes, other ones in each."""

_random = SystemRandom()
_given: set[int] = set()
"""Those stay with whoever has them, who may be killed and started again; they are given once only."""


def free_port() -> int:
    """A free port of the loopback interface, for a server that must be told one, and keeps it when it is restarted."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        with socket.socket() as probe, suppress(OSError):
            port = FIRST + worker % 3 * EACH + _random.randrange(EACH)
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port
