"""Sockets to listen on."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

UNIX_MODE = 0o660
"""Who may open a unix socket: the server's own user and group, since whoever does may be a proxy that is believed."""


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to that address; port 0 is any free one. Raises OSError."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


@contextmanager
def listen_unix(path: str) -> Iterator[socket.socket]:
    """A socket bound to that path, which is removed afterwards. What a server that was killed left there is replaced.

    Raises OSError, with EADDRINUSE where somebody listens there, or where it is no socket.
    """
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.stat(path).st_mode) or _is_heard(path):
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        os.unlink(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        before = os.umask(0o777 & ~UNIX_MODE)  # nobody may open it between these two
        try:
            listener.bind(path)
        finally:
            os.umask(before)
        own = os.stat(path).st_ino
        try:
            yield listener
        finally:
            with suppress(FileNotFoundError):
                if os.stat(path).st_ino == own:
                    os.unlink(path)


def _is_heard(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            return False
        except OSError:
            return True
        return True
