"""HTTP/1.1 for uvicorn's server, bounded in what it parses at once and in how long it waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import h11

from ...application.ports.transport import TRANSPORT
from .deadline import Deadline
from .ending import Ending
from .exchange import Exchange
from .http_scope import body_length, flaw_of_handshake, http_scope, is_websocket
from .http_transport import HttpTransport
from .intake import Intake
from .progress import Progress
from .request_parser import BadRequest, RequestParser
from .server_config import ServerConfig

if TYPE_CHECKING:
    from uvicorn.server import ServerState

EVENTS_A_TURN = 64
REST = 65_536
LAST_FAREWELL_S = 2.0


class HttpProtocol(asyncio.Protocol):
    """Takes the place of uvicorn's own, over the same h11, and differs from it in this:

    - Requests and bodies are parsed in turns; heads are bounded in their lines too.
    - Each stage has a time: the head, the body, taking the answer, and the quiet between two requests.
    - What is left of a body when its answer begins is not parsed, but where it is short: the answer says that the
      connection ends, and the rest is dropped for some seconds, so that the client can read the answer.
    - A close is a cut where the client does not take what was written before it.
    - `Content-Length` beside `Transfer-Encoding` is refused, and a body with an upgrade, or no key of 16 bytes.
    - What comes behind an upgrade in the same segment reaches the WebSocket.
    - The application finds the connection's transport in the scope.
    """

    def __init__(
        self,
        config: ServerConfig,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.writable = asyncio.Event()
        self.writable.set()
        self._config = config
        self._server_state = server_state
        self._app_state = app_state
        self._loop = _loop or asyncio.get_running_loop()
        self._exchange: Exchange | None = None
        self._incoming = Deadline(self._loop)
        self._length: int | None = 0

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers that each answer has."""
        return self._server_state.default_headers

    @property
    def is_ending(self) -> bool:
        """Whether the connection ends already, behind what is written, in a time that is bounded."""
        return self._ending.has_begun

    # --- asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin: a head is awaited."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self._server_state.connections.add(self)  # type: ignore[arg-type]
        self._intake = Intake(self._config.turns, self.transport, self._parse)
        self._outgoing = Progress(self._loop, self.transport, self._config.client_timeout_s)
        self._ending = Ending(self.transport, self._intake, self._outgoing)
        self._parser = RequestParser(self._intake)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Take bytes."""
        if self._parser.is_idle and not self._intake:
            self._incoming.stop()  # it was the quiet between two requests
        self._intake.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """End."""
        self._server_state.connections.discard(self)
        self._incoming.stop()
        self._ending.has_come()
        if self._exchange is not None:
            self._exchange.disconnect()
        self.writable.set()

    def pause_writing(self) -> None:
        """The client does not take what is written: it has some time."""
        self.writable.clear()
        self._outgoing.expect()

    def resume_writing(self) -> None:
        """The client has read."""
        self.writable.set()
        self._outgoing.stop()

    def shutdown(self) -> None:
        """End the connection behind the answer that is being given, as the server stops."""
        if self._exchange is None:
            self._close()
        else:
            self._exchange.must_close = True
        self._ending.cut_in(LAST_FAREWELL_S)

    # --- Parsing, one turn at a time

    def _parse(self) -> None:
        try:
            for _ in range(EVENTS_A_TURN):
                if self._exchange is not None and self._exchange.has_enough:
                    self._intake.pause()
                    return
                event = self._parser.next_event()
                if event is None:
                    self._await_more()
                    return
                self._handle(event)
                if self._ending.has_begun:
                    return
        except BadRequest as error:
            self._refuse(error)
        else:
            self._intake.next_turn()

    def _handle(self, event: h11.Request | h11.Data | h11.EndOfMessage) -> None:
        if isinstance(event, h11.Request):
            self._incoming.stop()
            self._begin(event)
            return
        assert self._exchange is not None, "a body follows a head"
        if isinstance(event, h11.Data):
            self._exchange.take(event.data)
            return
        self._incoming.stop()
        self._exchange.end_body()
        if self._exchange.is_answered:
            self._begin_next()

    def _await_more(self) -> None:
        """All was parsed that can be: where bytes are left behind a whole request, they are the next one's."""
        if self._parser.is_idle:
            if self._intake and not self._incoming.is_set:
                self._await_head()
        elif self._parser.is_inside_body:
            if not self._incoming.is_set:
                self._await_body()
        elif self._intake:
            self._intake.pause()
            return
        self._intake.resume()

    # --- One request after the other

    def _begin(self, request: h11.Request) -> None:
        headers = list(request.headers)
        if is_websocket(headers):
            self._upgrade(request, headers)
            return
        scope = http_scope(request, self._config, self.transport)
        self._length = body_length(headers)
        self._exchange = Exchange(scope, self._parser.connection, self)
        scope["state"] = {**self._app_state, TRANSPORT: HttpTransport(self._exchange, self)}
        task = self._loop.create_task(self._exchange.run(self._config.loaded_app))
        self._server_state.tasks.add(task)
        task.add_done_callback(self._server_state.tasks.discard)

    def _upgrade(self, request: h11.Request, headers: list[tuple[bytes, bytes]]) -> None:
        if body_length(headers) != 0:
            raise BadRequest("An upgrade has no body.")
        flaw = flaw_of_handshake(request)
        if flaw is not None:
            raise BadRequest(flaw)
        self._ending.has_come()  # for this protocol: another takes over
        self._intake.resume()
        self._server_state.connections.discard(self)
        protocol: Any = self._config.ws_protocol_class(  # type: ignore[call-arg, misc]
            config=self._config, server_state=self._server_state, app_state=self._app_state
        )
        protocol.connection_made(self.transport)
        self.transport.set_protocol(protocol)
        protocol.data_received(self._parser.head)
        rest = self._parser.take_rest()
        if rest:
            protocol.data_received(rest)

    def read_on(self) -> None:
        """See `Way.read_on`."""
        self._intake.go_on()

    def at_end_of_turn(self, flush: Callable[[], None]) -> None:
        """See `Way.at_end_of_turn`."""
        self._config.gathered_writes.add(flush)

    def answer_begins(self) -> bool:
        """See `Way.answer_begins`: where a body is left that is not short, none can follow."""
        assert self._exchange is not None
        if not self._parser.is_inside_body:
            return True
        if self._length is not None and self._length <= REST and not self._exchange.expects_100:
            return True
        self._drop_rest()
        return False

    def answered(self) -> None:
        """See `Way.answered`."""
        assert self._exchange is not None
        self._server_state.total_requests += 1
        if self._ending.has_begun:
            return
        if self._exchange.must_close:
            self._linger() if self._parser.is_inside_body else self._close()
        elif not self._parser.is_inside_body:
            self._begin_next()

    def _begin_next(self) -> None:
        self._exchange = None
        self._parser.begin_next()
        self._incoming.set(self._config.timeout_keep_alive, self._close)
        if self._intake:
            self._intake.next_turn()
        else:
            self._intake.resume()

    # --- Time

    def _await_head(self) -> None:
        self._incoming.set(self._config.client_timeout_s, self._head_is_late)

    def _head_is_late(self) -> None:
        if self._intake:
            self._refuse(BadRequest("The request's head took too long.", 408))
        else:
            self._close()

    def _await_body(self) -> None:
        self._incoming.set(self._config.client_timeout_s, self._body_is_late)

    def _body_is_late(self) -> None:
        exchange = self._exchange
        assert exchange is not None
        if exchange.has_enough:
            self._await_body()  # it is the application that takes so long
        elif exchange.is_answered:
            self._linger()
        elif exchange.is_begun:
            exchange.must_close = True
            self._drop_rest()
        else:
            self._refuse(BadRequest("The request's body took too long.", 408))

    # --- The end

    def cut(self, within_s: float = 0) -> None:
        """End the connection now, or then, whatever is still to be written."""
        self._ending.cut_in(within_s) if within_s else self._ending.cut()

    def _close(self) -> None:
        self._incoming.stop()
        self._ending.close()

    def _linger(self) -> None:
        self._incoming.stop()
        self._ending.linger()

    def _drop_rest(self) -> None:
        self._incoming.stop()
        self._intake.drop()

    def _refuse(self, error: BadRequest) -> None:
        """Answer what is no request, where nothing of an answer has been written, and end the connection."""
        if self._exchange is None or not self._exchange.is_begun:
            self.transport.write(error.answer)
        if self._exchange is not None:
            self._exchange.disconnect()
        self._linger()
