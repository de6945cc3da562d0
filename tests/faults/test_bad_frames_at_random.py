"""Whatever frames come, each is answered, nobody else is disturbed, and nothing of others is shown."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from struct import pack
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto.events import CloseConnection, Pong

from ..support.raw_client import RawClient, raw
from ..support.server_process import ServerProcess
from ..support.websocket_frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, in_fragments, websocket_frame
from ..support.wire_client import Message
from .bystander import Bystander
from .frame_strategies import MAX_FRAME, texts, weighted
from .what_is_due import Due, is_answer

SYNC = "the last request"
NO_UTF8 = [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80", b"\xe2\x82"]
"""Bytes that are never UTF-8: among them NUL in two bytes, and the surrogate U+D800."""
_CONNECT = ("connect", {"auth": {"userId": "fuzzer"}})
_JOIN = ("join", {"roomId": "hall"})
BEGINNINGS: list[list[tuple[str, dict[str, Any]]]] = [[_CONNECT, _JOIN], [_CONNECT, _JOIN], [_CONNECT], []]
"""What the stranger did properly before: a member's bad frames go deeper than those of one who has not connected."""


def shortened(payload: bytes) -> str:
    """Enough of it to see what it is: some are nested 20,000 deep."""
    return repr(payload) if len(payload) < 400 else f"{payload[:300]!r} … {payload[-60:]!r} ({len(payload)} bytes)"


@dataclass(frozen=True, slots=True, repr=False)
class Sent:
    """A message as it goes over the wire: of one frame, or cut at some places."""

    opcode: int
    payload: bytes
    cuts: tuple[int, ...] = ()

    def __repr__(self) -> str:
        return f"Sent({self.opcode}, {shortened(self.payload)}, {self.cuts})"

    @property
    def wire(self) -> bytes:
        """Its bytes."""
        return in_fragments(self.opcode, self.payload, self.cuts)

    def owe(self, due: Due) -> None:
        """Note down what is due for it."""
        if self.opcode == TEXT:
            due.add_text(self.payload.decode())
        elif self.opcode == BINARY:
            due.add_unreadable()


def messages(room_ids: list[str]) -> st.SearchStrategy[Sent]:
    """Texts, most of them whole; what is binary; and control frames, which nobody answers with a message."""
    payloads = texts(room_ids).map(str.encode)
    cuts = weighted((3, st.just(())), (1, st.lists(st.integers(0, 300), min_size=1, max_size=4).map(tuple)))
    return weighted(
        (12, st.builds(Sent, st.just(TEXT), payloads, cuts)),
        (1, st.builds(Sent, st.just(BINARY), payloads, cuts)),
        (1, st.builds(Sent, st.just(BINARY), st.binary(max_size=300), cuts)),
        (1, st.builds(Sent, st.sampled_from([PING, PONG]), st.binary(max_size=125))),
    )


def messages_until_sync(client: RawClient, due: Due) -> list[Message]:
    """All that comes until everything that is due was answered, and a last request behind it."""
    received: list[Message] = []
    while sum(map(is_answer, received)) < due.frames:
        received.append(client.message())
    client.ask("ping", id=SYNC)
    while (frame := client.message()).get("id") != SYNC:
        received.append(frame)
    return received


@settings(max_examples=300)
@given(data=st.data())
def test_each_frame_is_answered_once_and_nobody_else_notices(
    server: ServerProcess, bystander: Bystander, data: st.DataObject
) -> None:
    room_ids = [*["hall"] * 4, "small", "signals", "made", "nowhere", *[bystander.room] * 4]
    first = data.draw(st.sampled_from(BEGINNINGS), "first")
    sent = data.draw(st.lists(messages(room_ids), min_size=8, max_size=24), "sent")
    due = Due()
    with raw(server.port) as client:
        for kind, fields in first:
            client.ask(kind, **fields)
            client.message()
        for each in sent:
            client.socket.sendall(each.wire)
            each.owe(due)
        received = messages_until_sync(client, due)
    due.check(received)
    assert bystander.secret not in json.dumps(received)
    bystander.go_on()
    assert server.faults == []


def is_no_text(payload: bytes) -> bool:
    """Whether it is no UTF-8."""
    try:
        payload.decode()
    except UnicodeDecodeError:
        return True
    return False


@st.composite
def last_frames(draw: st.DrawFn) -> tuple[int, bytes]:
    """A close code, and what must be answered with it: bytes that are no frame, no text, or too many."""
    code = draw(st.sampled_from([1002, 1007, 1009]))
    if code == 1007:
        text = draw(st.tuples(st.binary(max_size=9), st.sampled_from(NO_UTF8)).map(b"".join).filter(is_no_text))
        return code, in_fragments(TEXT, text, draw(st.lists(st.integers(0, len(text)), max_size=3)))
    if code == 1009:
        opcode, size = draw(st.sampled_from([TEXT, BINARY])), draw(st.integers(MAX_FRAME + 1, 300_000))
        return code, in_fragments(opcode, b"x" * size, draw(st.lists(st.integers(0, size), max_size=4)))
    payload = draw(st.binary(max_size=20))
    return code, draw(
        st.sampled_from(
            [
                websocket_frame(draw(st.sampled_from([3, 7, 0xB, 0xF])), payload),  # opcodes that there are not
                websocket_frame(TEXT, payload, first_bits=draw(st.sampled_from([0x10, 0x20, 0x40, 0x70]))),
                websocket_frame(CONTINUATION, payload),
                websocket_frame(TEXT, b"", is_final=False) + websocket_frame(TEXT, payload),
                websocket_frame(PING, payload, is_final=False),
                websocket_frame(PING, payload + b"x" * 126),
                websocket_frame(CLOSE, b"x"),
                websocket_frame(CLOSE, pack("!H", draw(st.sampled_from([0, 999, 1005, 1006, 1015]))) + b"bye"),
                bytes([0x81, len(payload)]) + payload,  # not masked
            ]
        )
    )


@settings(max_examples=100)
@given(data=st.data())
def test_what_is_no_frame_ends_its_own_connection_with_the_code_of_the_table(
    server: ServerProcess, bystander: Bystander, data: st.DataObject
) -> None:
    code, wire = data.draw(last_frames(), "last frame")
    first = data.draw(st.sampled_from(BEGINNINGS), "first")
    with raw(server.port) as client:
        for kind, fields in first:
            client.ask(kind, **fields)
            client.message()
        client.socket.sendall(wire)
        while not isinstance(event := client.next(), CloseConnection):
            assert isinstance(event, Pong), event
        assert event.code == code
        with suppress(BrokenPipeError, ConnectionResetError):  # on a busy machine the two seconds for it may be over
            client.send(event.response())
            assert client.socket.recv(1) == b""
    bystander.go_on()
    assert server.faults == []
