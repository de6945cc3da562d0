"""What is parsed in one turn is counted, and others come before the next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import pytest

from dialogue.adapters.uvicorn import frame_bounds, http_protocol, websocket_protocol
from dialogue.adapters.uvicorn.turns import Turns

from ...support.websocket_frames import CONTINUATION, PING, PONG, TEXT, websocket_frame
from .speaking import HANDSHAKE, Line, config_of, line_of, line_to, passes


class Application:
    """Takes WebSockets, and gives back what it is told to; a request's body is gathered."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.parts: list[bytes] = []
        self.may_go_on = anyio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """As ASGI has it."""
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
        await self.may_go_on.wait()
        while (message := await receive())["type"] in ("websocket.receive", "http.request"):
            self.messages.append(message.get("text"))
            self.parts.append(message.get("body", b""))


@contextmanager
def unbounded() -> Iterator[None]:
    """Without the bounds on whole connections: turns alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frame_bounds, "MAX_CONTROL_FRAMES_A_SECOND", 1 << 40)
        patch.setattr(frame_bounds, "MAX_FRAGMENTS", 1 << 40)
        yield


async def test_connections_that_wait_take_turns_one_in_each_pass_of_the_loop() -> None:
    turns, taken = Turns(), []

    def again(name: str) -> None:
        taken.append(name)
        if taken.count(name) < 3:
            turns.wait(lambda: again(name))

    turns.wait(lambda: again("a"))
    turns.wait(lambda: again("b"))
    assert taken == []
    await passes(1)
    assert taken == ["a"]
    await passes(1)
    assert taken == ["a", "b"]
    await passes(4)
    assert taken == ["a", "b", "a", "b", "a", "b"]


async def asked(application: Any) -> Line:
    """A connection whose WebSocket was accepted."""
    line = line_to(application)
    line.speak(HANDSHAKE)
    await passes(5)
    assert line.take().startswith(b"HTTP/1.1 101 ")
    return line


async def test_pings_are_answered_a_turns_worth_at_a_time_and_nothing_is_read_meanwhile() -> None:
    line = await asked(Application())
    with unbounded():
        line.speak(websocket_frame(PING, b"") * 1_000)
        answered = len(line.take()) // 2
        assert answered == websocket_protocol.FRAMES_A_TURN
        while answered < 1_000:
            assert not line.is_reading_now
            await passes(1)
            more = len(line.take()) // 2
            assert 0 <= more <= websocket_protocol.FRAMES_A_TURN
            answered += more
        await passes()
    assert line.is_reading_now


async def test_no_more_messages_are_parsed_than_the_application_is_soon_to_take() -> None:
    application = Application()
    line = await asked(application)
    line.speak(b"".join(websocket_frame(TEXT, str(number).encode()) for number in range(100)))
    await passes(10)
    assert line.get_protocol().messages_ahead == websocket_protocol.MESSAGES_AHEAD
    assert not line.is_reading_now
    application.may_go_on.set()
    await passes(60)
    assert application.messages == [str(number) for number in range(100)]
    assert line.is_reading_now


async def test_what_comes_with_the_handshake_is_read_when_it_was_answered() -> None:
    application = Application()
    application.may_go_on.set()
    line = line_to(application)
    line.speak(HANDSHAKE + websocket_frame(TEXT, b"first") + websocket_frame(TEXT, b"second")[:5])
    await passes(10)
    line.speak(websocket_frame(TEXT, b"second")[5:])
    await passes(10)
    assert application.messages == ["first", "second"]


async def test_a_client_that_does_not_read_gets_a_pong_for_its_newest_ping_alone() -> None:
    line = await asked(Application())
    line.get_protocol().pause_writing()
    line.speak(websocket_frame(PING, b"older") + websocket_frame(PING, b"newest"))
    assert line.take() == b""
    line.get_protocol().resume_writing()
    assert line.take() == b"\x8a\x06newest"


@pytest.mark.parametrize(
    ("allowed", "frame", "code"),
    [
        (frame_bounds.MAX_CONTROL_FRAMES_A_SECOND, websocket_frame(PING, b""), 4429),
        (frame_bounds.MAX_CONTROL_FRAMES_A_SECOND, websocket_frame(PONG, b""), 4429),
        (frame_bounds.MAX_FRAGMENTS - 2, websocket_frame(CONTINUATION, b"", is_final=False), 1009),
    ],
)
async def test_one_frame_more_than_the_bound_ends_the_connection(allowed: int, frame: bytes, code: int) -> None:
    line = await asked(Application())
    line.speak(websocket_frame(TEXT, b"", is_final=False) + frame * allowed)
    await passes(50)
    assert not line.has_eof
    line.take()
    line.speak(frame)
    await passes(50)
    assert line.take()[2:4] == code.to_bytes(2, "big")
    assert line.has_eof
    assert line.is_reading_now  # and what comes is dropped
    line.speak(b"\xff" * 1_000_000)


@pytest.mark.parametrize("pings", [0, frame_bounds.MAX_CONTROL_FRAMES_A_SECOND + 1])
async def test_a_client_may_still_read_why_it_was_closed_when_the_application_aborts(pings: int) -> None:
    """A session aborts when it is done with; that ends the connection only where nothing has closed it before."""
    line = await asked(Application())
    line.unsent = 1  # the client has not taken what was written
    transport = line.get_protocol().outgoing
    line.speak(websocket_frame(PING, b"") * pings)
    await passes(10)
    transport.abort()
    assert line.is_ended == (pings == 0)


async def test_a_body_in_tiny_chunks_is_parsed_a_turns_worth_at_a_time() -> None:
    application = Application()
    line = line_to(application)
    line.speak(b"POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 1_000)
    application.may_go_on.set()
    taken = 0
    assert not line.is_reading_now
    while taken < 1_000:
        before, taken = taken, sum(map(len, application.parts))
        assert taken - before <= 2 * http_protocol.EVENTS_A_TURN
        await passes(1)
    assert line.is_reading_now


async def test_what_is_left_of_a_body_when_its_answer_begins_is_dropped_unparsed() -> None:
    async def refuse(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    line = line_to(refuse)
    line.speak(b"POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 1_000)
    await passes(5)
    written = line.take()
    assert written.startswith(b"HTTP/1.1 404 ")
    assert b"connection: close\r\n" in written.lower()
    assert line.has_eof
    await passes(5)
    line.speak(b"this is no chunk" * 10_000)
    await passes(5)
    assert line.take() == b""


async def test_after_a_short_rest_of_a_body_the_next_request_is_answered() -> None:
    async def refuse(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    line = line_to(refuse)
    head = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n\r\n"
    for _ in range(3):
        line.speak(head)
        await passes(5)
        assert line.take().startswith(b"HTTP/1.1 404 ")
        line.speak(b"x" * 10 + head + b"y" * 10)
        await passes(5)
        assert line.take().startswith(b"HTTP/1.1 404 ")


async def healthy(scope: Any, receive: Any, send: Any) -> None:
    """An application that is well."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


async def test_who_asks_once_is_answered_before_those_who_asked_ahead_get_many_more_answers() -> None:
    """Twenty connections have sent five hundred requests each: a stranger's one has to wait for a few of each."""
    ask = b"GET /health/live HTTP/1.1\r\nHost: here\r\n\r\n"
    config = config_of(healthy)
    crowd = [line_of(config) for _ in range(20)]
    for line in crowd:
        line.speak(ask * 500)
    other = line_of(config)
    for _ in range(5):
        await passes(60)
        assert sum(line.take().count(b"HTTP/1.1 200") for line in crowd) > 0, "they ask without pause"
        other.speak(ask)
        with anyio.fail_after(30):
            while not (answer := other.take()):
                await passes(1)
        assert answer.startswith(b"HTTP/1.1 200")
        answered = [line.take().count(b"HTTP/1.1 200") for line in crowd]
        assert sum(answered) <= 3 * len(crowd)
    for line in crowd:
        line.abort()
    await passes(3)
