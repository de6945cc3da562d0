"""Whatever a client's frames are and however they come, cutting them changes nothing of what they say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, TextMessage

from dialogue.adapters.uvicorn.frame_cutter import FrameCutter
from dialogue.adapters.uvicorn.intake import Intake
from dialogue.adapters.uvicorn.turns import Turns

from ...support.websocket_frames import BINARY, CLOSE, CONTINUATION, PING, TEXT, in_fragments, websocket_frame
from .speaking import Line

MAX_TEXT = 70_000

Heard = list[object]

texts = st.one_of(
    st.text(max_size=200), st.sampled_from(["", "ä" * 63, "x" * 125, "x" * 126, "€" * 22_000, "x" * 69_999])
)
frames = st.one_of(
    texts.map(lambda text: websocket_frame(TEXT, text.encode())),
    texts.map(lambda text: websocket_frame(TEXT, text.encode())),
    st.builds(
        lambda text, cuts: in_fragments(TEXT, text.encode(), cuts), texts, st.lists(st.integers(0, 300), max_size=3)
    ),
    st.binary(max_size=120).map(lambda payload: websocket_frame(PING, payload)),
    st.binary(max_size=300).map(lambda payload: websocket_frame(BINARY, payload)),
)
wrong = st.one_of(
    st.binary(min_size=1, max_size=40),
    st.binary(max_size=40).map(lambda payload: websocket_frame(TEXT, b"\xff" + payload)),
    st.integers(0, 15).map(lambda opcode: websocket_frame(opcode, b"x")),
    st.sampled_from(
        [
            websocket_frame(TEXT, b"x", first_bits=0x40),
            websocket_frame(TEXT, b"x", is_final=False) + websocket_frame(TEXT, b"amid another"),
            websocket_frame(CONTINUATION, b"of nothing"),
            websocket_frame(CLOSE, b"\x03\xe8"),
            b"\x03\x80",  # no such frame, and no more of it
            b"\x09\x80",  # a ping in fragments
            b"\x89\xfe",  # a ping that is too long
            b"\x81\xfe\x00\x05",
            b"\x81\xff\x80" + bytes(7),
            b"\xc1\x80",
            b"\x81\x01x",  # not masked
            b"\x81\xfe\x00\x05" + bytes(4) + b"short",  # a length in more bytes than it needs
            b"\x81\xff" + (66).to_bytes(8, "big") + bytes(4) + b"x" * 66,
            b"\x81\xff" + (1 << 63).to_bytes(8, "big") + bytes(4),
        ]
    ),
)
streams = st.builds(
    lambda good, bad, more: b"".join([*good, bad, *more]),
    st.lists(frames, max_size=6),
    wrong | st.just(b""),
    st.lists(frames, max_size=2),
)


class Hearing:
    """What a connection has said: messages, pings, and how it ended."""

    def __init__(self) -> None:
        self.connection = Connection(ConnectionType.SERVER)
        self.heard: Heard = []
        self._message: list[str] = []
        self.is_over = False

    def take(self, data: bytes) -> None:
        """Bytes for the parser."""
        if self.is_over:
            return
        self.connection.receive_data(data)
        for event in self.connection.events():
            self._note(event)
            if self.is_over:
                return

    def _note(self, event: Event) -> None:
        if isinstance(event, CloseConnection):
            self.is_over = True
            self.heard.append(event.code)
        elif isinstance(event, TextMessage | BytesMessage):
            self._message.append(event.data if isinstance(event, TextMessage) else bytes(event.data).hex())
            if event.message_finished:
                self.heard.append("".join(self._message))
                self._message.clear()
        elif isinstance(event, Ping):
            self.heard.append(bytes(event.payload))


def uncut(stream: bytes) -> Heard:
    """What the parser alone makes of it."""
    hearing = Hearing()
    hearing.take(stream)
    return hearing.heard


def cut(parts: Iterator[bytes]) -> tuple[Heard, int]:
    """What comes of the parts of a stream; how many texts went past the parser."""
    intake = Intake(Turns(), Line(), lambda: None)
    cutter = FrameCutter(intake, MAX_TEXT)
    hearing = Hearing()
    plain = 0
    for part in parts:
        intake.feed(part)
        while len(intake) >= cutter.needed and not hearing.is_over:
            taken = cutter.take()
            if isinstance(taken, str):
                hearing.heard.append(taken)
                plain += 1
            else:
                hearing.take(taken)
    return hearing.heard, plain


def in_parts(stream: bytes, sizes: list[int]) -> Iterator[bytes]:
    """The stream in parts of these sizes, again and again."""
    begin = turn = 0
    while begin < len(stream):
        yield stream[begin : begin + sizes[turn % len(sizes)]]
        begin += sizes[turn % len(sizes)]
        turn += 1


@given(stream=streams, sizes=st.lists(st.sampled_from([1, 2, 5, 7, 13, 200, 3_000, 65_536, 1 << 20]), min_size=1))
@example(stream=websocket_frame(TEXT, b"x" * 65_536) + websocket_frame(TEXT, b"y"), sizes=[65_536])
@example(stream=websocket_frame(TEXT, b"\xc3") + websocket_frame(TEXT, b"\xa4"), sizes=[1 << 20])
@example(stream=b"\x03\x80", sizes=[1])
@example(stream=b"\x89\xfe", sizes=[1])
@example(stream=b"\x81\xfe\x00\x05", sizes=[1])
@example(stream=b"\x81\xff\x80" + bytes(7), sizes=[1])
@example(stream=b"\xc1\x80", sizes=[1])
@example(stream=b"\x00\x7e" + websocket_frame(TEXT, b""), sizes=[1])
async def test_a_stream_says_the_same_cut_or_not(stream: bytes, sizes: list[int]) -> None:
    if 1 in sizes and len(stream) > 2_000:
        sizes = [size for size in sizes if size > 100] or [3_000]
    assert cut(in_parts(stream, sizes))[0] == uncut(stream)


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536, MAX_TEXT])
async def test_a_text_in_one_frame_goes_past_the_parser_however_it_comes(size: int) -> None:
    stream = 3 * websocket_frame(TEXT, b"x" * size)
    assert cut(in_parts(stream, [4_999])) == (["x" * size] * 3, 3)


async def test_a_text_that_is_too_large_is_not_waited_for() -> None:
    head = websocket_frame(TEXT, b"x" * (MAX_TEXT + 1))[:1_000]
    intake = Intake(Turns(), Line(), lambda: None)
    intake.feed(head)
    assert FrameCutter(intake, MAX_TEXT).take() == head
