"""One HTTP request that cannot take longer, or bring more, than it may."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from socket import SHUT_RDWR, socket
from threading import Timer
from time import monotonic
from urllib.parse import SplitResult, urlsplit

CHUNK = 65_536


class GetFailed(Exception):
    """There was no answer that could be used; the message says why."""


def get_bounded(url: str, *, timeout_s: float, max_bytes: int) -> bytes:
    """The body behind `url`; blocks. Redirects are not followed: whoever can be made to send one could name any place.

    Raises GetFailed where the answer is not 200, is larger, or has not ended in time.
    """
    place = urlsplit(url)
    deadline = monotonic() + timeout_s
    try:
        with closing(_connection(place, timeout_s)) as connection, _cut_after(timeout_s, connection) as keep:
            connection.connect()
            keep(connection.sock)
            return _get(connection, place, max_bytes)
    except (OSError, HTTPException, ValueError) as error:
        is_late = isinstance(error, TimeoutError) or monotonic() >= deadline
        raise GetFailed("no answer in time" if is_late else _said(error)) from error


def _connection(place: SplitResult, timeout_s: float) -> HTTPConnection:
    host = place.hostname or ""
    if place.scheme == "https":
        return HTTPSConnection(host, place.port, timeout=timeout_s, context=ssl.create_default_context())
    return HTTPConnection(host, place.port, timeout=timeout_s)


def _get(connection: HTTPConnection, place: SplitResult, max_bytes: int) -> bytes:
    target = (place.path or "/") + (f"?{place.query}" if place.query else "")
    connection.request("GET", target, headers={"Accept": "application/json", "Connection": "close"})
    body = bytearray()
    with connection.getresponse() as response:
        if response.status != 200:
            raise GetFailed(f"the answer is {response.status}, not 200")
        while chunk := response.read1(CHUNK):
            body += chunk
            if len(body) > max_bytes:
                raise GetFailed(f"the answer is larger than {max_bytes:,} bytes")
        if response.length:
            raise HTTPException("the answer was cut off")
    return bytes(body)


@contextmanager
def _cut_after(timeout_s: float, connection: HTTPConnection) -> Iterator[Callable[[socket], None]]:
    """The socket's own time-out counts anew with each byte that comes; this one does not, and counts the handshake too.

    The connection forgets its socket when the head of the answer has come, so that it has to be kept.
    """
    kept: list[socket] = []

    def cut() -> None:
        # Not the method of a TLS socket, which takes the encryption off: what came then would be read as it is.
        for sock in kept or [connection.sock]:
            with suppress(OSError, TypeError):
                socket.shutdown(sock, SHUT_RDWR)

    watchdog = Timer(timeout_s, cut)
    watchdog.daemon = True
    watchdog.start()
    try:
        yield kept.append
    finally:
        watchdog.cancel()


def _said(error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"{type(error).__name__}: {reason}"[:200]
