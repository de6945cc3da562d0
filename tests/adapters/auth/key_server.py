"""A server of keys, as an identity provider is one: it answers, hangs, drips, floods, sends elsewhere, or is down."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from threading import Event, Thread

Answer = Callable[[BaseHTTPRequestHandler], None]


class KeyServer:
    """Serves `answer`, which may be exchanged, at a port that stays its own; counts what it is asked."""

    def __init__(self, answer: Answer, tls: SSLContext | None = None) -> None:
        self.answer = answer
        self._tls = tls
        self.asked = 0
        self.released = Event()
        self._server: ThreadingHTTPServer | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """Where the keys are."""
        return f"{'http' if self._tls is None else 'https'}://127.0.0.1:{self._port}/keys"

    def up(self) -> None:
        """Listen."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                with suppress(OSError):
                    outer.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        if self._tls is not None:
            self._server.socket = self._tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._port = self._server.server_port
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def down(self) -> None:
        """Listen no more."""
        self.released.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def hang(self, request: BaseHTTPRequestHandler) -> None:
        """An answer that never comes."""
        self.released.wait(60)
        request.close_connection = True

    def drip(self, request: BaseHTTPRequestHandler) -> None:
        """An answer of which a byte comes now and then."""
        request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not self.released.wait(0.05):
            request.wfile.write(b" ")


def answering(body: str | bytes, status: int = 200, **headers: str) -> Answer:
    """An answer."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        sent = body.encode() if isinstance(body, str) else body
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(sent)))
        request.end_headers()
        request.wfile.write(sent)

    return answer


@contextmanager
def key_server(answer: Answer, tls: SSLContext | None = None) -> Iterator[KeyServer]:
    """One that is up, and down in the end."""
    server = KeyServer(answer, tls)
    server.up()
    try:
        yield server
    finally:
        server.down()


def closed_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
