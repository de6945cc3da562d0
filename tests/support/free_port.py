"""A port that nobody uses."""

from __future__ import annotations

import socket


def free_port() -> int:
    """A free port of the loopback interface, for a server that has to be told one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
