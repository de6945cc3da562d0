"""Where the server listens, and how that is said."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from ...adapters.uvicorn.listening import listen, listen_unix
from ...domain.errors import ConfigurationError
from ..settings.settings import Settings


@contextmanager
def listening(settings: Settings) -> Iterator[socket.socket]:
    """The bound socket that the settings name. Raises ConfigurationError with what is in the way."""
    try:
        listener = listen_unix(settings.uds) if settings.uds else listen(settings.host, settings.port)
        with listener as bound:
            yield bound
    except OSError as error:
        raise ConfigurationError(_why(settings, error)) from error


def _why(settings: Settings, error: OSError) -> str:
    if settings.uds:
        if error.errno == errno.EADDRINUSE:
            return f"{settings.uds} is in use by another program, or no socket; choose another with --uds"
        return f"cannot listen on {settings.uds}: {error.strerror or error}"
    if error.errno == errno.EADDRINUSE:
        return f"port {settings.port} of {settings.host} is in use by another program; choose another with --port"
    return f"cannot listen on {settings.host}, port {settings.port}: {error.strerror or error}"


def place_of(listener: socket.socket, root_path: str) -> str:
    """Where clients find it, as an address or, for a unix socket, as a path."""
    address = listener.getsockname()
    if isinstance(address, str):
        return f"unix:{address}"
    host, port = address[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}{root_path}"
