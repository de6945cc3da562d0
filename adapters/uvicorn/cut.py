"""Ending a connection at once."""

from __future__ import annotations

import asyncio
import socket
from struct import pack

_RESET = pack("ii", 1, 0)


def cut(transport: asyncio.Transport) -> None:
    """End it now, with a reset: otherwise the system would keep what the client does not take, for minutes."""
    connected = transport.get_extra_info("socket")
    if connected is not None and not transport.is_closing():
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()
