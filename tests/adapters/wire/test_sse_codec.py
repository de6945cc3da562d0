"""Events as messages of a stream."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.adapters.wire.frames import event_bytes
from dialogue.adapters.wire.sse_codec import SseCodec
from dialogue.application.sessions.join_room import Joined
from dialogue.application.sessions.notice import Marked, TakenOut
from dialogue.domain.event import Event
from dialogue.domain.event_definition import define_event
from dialogue.domain.position import Position
from dialogue.domain.room import Room, RoomConfig

from .test_frames import events

ROOM = Room.configured("r", RoomConfig(name="R", events=[define_event("e")]))


def codec(limit: int = 1 << 20) -> SseCodec:
    return SseCodec(limit, {"r": "epoch-1"}.get)


def event(seq: int | None, payload: bytes = b"1") -> Event:
    return Event(room_id="r", name="e", sender="u", payload=payload, timestamp_ms=1, seq=seq, event_seq=seq)


@given(st.lists(events, min_size=1, max_size=12), st.integers(100, 1_000))
def test_each_event_is_one_message_with_its_place_and_one_line_of_data(batch: list[Event], limit: int) -> None:
    frames = codec(limit).events("r", batch)
    messages = "".join(frame.text for frame in frames).split("\n\n")
    assert messages.pop() == ""
    for each, message in zip(batch, messages, strict=True):
        *place, data = message.split("\n")
        assert place == ([] if each.seq is None else [f"id: epoch-1-{each.seq}"])
        assert data.startswith("data: ")
        assert json.loads(data[6:]) == json.loads(event_bytes(each))
    for frame in frames:
        assert frame.size == len(frame.text.encode())
        assert frame.size <= limit or frame.text.count("\n\n") == 1


@pytest.mark.parametrize("payload", [b'{\n "a":\r\n [1,\r2]}', b'"two\\nlines"'])
def test_json_with_line_ends_between_its_tokens_stays_one_line(payload: bytes) -> None:
    """Of rows that somebody else has written."""
    [frame] = codec().events("r", [event(7, payload)])
    place, data, *rest = frame.text.split("\n")
    assert (place, rest) == ("id: epoch-1-7", ["", ""])
    assert "\r" not in data
    assert json.loads(data[6:])["data"] == json.loads(payload)


def test_without_a_known_epoch_there_is_no_place() -> None:
    [frame] = codec().events("closed", [event(7)])
    assert frame.text.startswith("data: ")


def test_the_end_of_a_membership_is_the_last_frame_and_other_notices_are_comments() -> None:
    left = codec().notice(TakenOut("r", "why\nnot é"))
    assert left.is_last
    assert left.text == 'event: left\ndata: {"roomId":"r","reason":"why\\nnot é"}\n\n'
    assert left.size == len(left.text.encode())
    other = codec().notice(Marked(room_id="r", seq=1, unread=0))
    assert not other.is_last
    assert other.text == ": Marked\n\n"


def test_the_opening_moves_the_position_only_where_no_history_follows() -> None:
    position = Position(epoch="epoch-1", seq=9)
    nothing = Joined(room=ROOM, events=("e",), position=position, history=(), has_more=True, recovered=True)
    head, place, data = codec().answer(nothing, None).text.rstrip("\n").split("\n")
    assert (head, place) == ("event: recovered", "id: epoch-1-9")
    assert json.loads(data[6:]) == {
        "recovered": True,
        "roomId": "r",
        "events": ["e"],
        "position": {"epoch": "epoch-1", "seq": 9},
        "hasMore": True,
    }
    some = Joined(room=ROOM, events=("e",), position=position, history=(event(8), event(5)), has_more=False)
    first, *rest = codec().answer(some, None).text.removesuffix("\n\n").split("\n\n")
    assert "\nid:" not in first
    assert '"recovered":false' in first
    assert [message.split("\n")[0] for message in rest] == ["id: epoch-1-5", "id: epoch-1-8"]
