"""What a connection is sent in one turn of the loop is written at once, and nothing is lost or overtaken by that."""

from __future__ import annotations

from typing import Any

from uvicorn.server import ServerState

from dialogue.adapters.uvicorn.http_protocol import HttpProtocol
from dialogue.adapters.uvicorn.server_config import ServerConfig
from dialogue.adapters.uvicorn.websocket_transport import AT_ONCE, text_frame
from dialogue.application.ports.transport import Transport, transport_of
from dialogue.application.sessions.frame import Frame

from ...support.websocket_frames import CLOSE, websocket_frame
from .speaking import HANDSHAKE, Line, config_of, passes

ONE, TWO, THREE = (Frame(data) for data in (b"1", b"22", b"333"))


class Counting(Line):
    """Keeps each write by itself, and fails them where it `is_broken`."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.is_broken = False

    def write(self, data: Any) -> None:
        """Keep it."""
        if self.is_broken:
            raise RuntimeError("planted")
        super().write(data)
        self.writes.append(bytes(data))


async def answer(_scope: Any, _receive: Any, send: Any) -> None:
    """Answer a request in three parts."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"a", "more_body": True})
    await send({"type": "http.response.body", "body": b"b"})


class Accepting:
    """Takes a WebSocket, and hands out the transport that it finds."""

    def __init__(self) -> None:
        self.transport: Transport | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """As ASGI has it."""
        await receive()
        await send({"type": "websocket.accept"})
        self.transport = transport_of(scope)
        while (await receive())["type"] != "websocket.disconnect":
            pass


def to_server(config: ServerConfig) -> Counting:
    """A new connection."""
    line = Counting()
    protocol = HttpProtocol(config, ServerState(), {})
    line.set_protocol(protocol)
    protocol.connection_made(line)
    return line


async def opened(application: Accepting, config: ServerConfig) -> tuple[Counting, Transport]:
    """A connection, and the transport of its session."""
    line = to_server(config)
    line.speak(HANDSHAKE)
    await passes(5)
    assert application.transport is not None
    line.writes.clear()
    return line, application.transport


async def alone() -> tuple[Counting, Transport]:
    """The only connection of a server."""
    application = Accepting()
    return await opened(application, config_of(application))


def frames(*sent: Frame) -> bytes:
    """Their bytes on the wire."""
    return b"".join(text_frame(frame.data) for frame in sent)


async def test_the_frames_of_one_turn_are_one_write_in_their_order() -> None:
    line, transport = await alone()
    assert transport.write(ONE)
    assert transport.write(TWO)
    assert line.writes == []
    await passes(1)
    assert line.writes == [frames(ONE, TWO)]
    assert transport.write(THREE)
    await passes(1)
    assert line.writes == [frames(ONE, TWO), frames(THREE)]


async def test_an_answer_over_http_is_one_write() -> None:
    line = to_server(config_of(answer))
    line.speak(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
    await passes(3)
    assert len(line.writes) == 1
    assert line.writes[0].endswith(b"\r\n\r\nab")


async def test_a_close_goes_out_behind_what_was_written_before_it() -> None:
    line, transport = await alone()
    transport.write(ONE)
    transport.close(1000, "")
    assert b"".join(line.writes) == frames(ONE) + bytes([0x88, 2]) + (1000).to_bytes(2, "big")
    await passes(1)
    assert len(line.writes) == 2


async def test_what_was_written_goes_out_before_the_clients_close_is_answered() -> None:
    line, transport = await alone()
    transport.write(ONE)
    line.speak(websocket_frame(CLOSE, (1000).to_bytes(2, "big")))
    assert b"".join(line.writes) == frames(ONE) + bytes([0x88, 2]) + (1000).to_bytes(2, "big")


async def test_nothing_is_written_behind_a_cut() -> None:
    line, transport = await alone()
    transport.write(ONE)
    transport.abort()
    await passes(1)
    assert line.writes == []
    assert line.is_ended


async def test_no_more_is_kept_than_a_servers_own_transport_takes() -> None:
    line, transport = await alone()
    large = Frame(b"x" * (AT_ONCE // 2))
    assert transport.write(large)
    assert line.writes == []
    assert transport.write(large)
    assert line.writes == [frames(large, large)]


async def test_a_client_that_does_not_take_it_is_written_nothing_more_in_the_same_turn() -> None:
    line, transport = await alone()
    transport.write(Frame(b"x" * AT_ONCE))
    line.get_protocol().pause_writing()
    assert not transport.write(ONE)


async def test_a_write_that_fails_ends_its_own_connection_alone() -> None:
    application = Accepting()
    config = config_of(application)
    broken, transport = await opened(application, config)
    other, others = await opened(application, config)
    broken.is_broken = True
    transport.write(ONE)
    others.write(TWO)
    await passes(1)
    assert broken.is_ended
    assert other.writes == [frames(TWO)]
