"""The frames that the server sends."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from dialogue.adapters.wire import messages
from dialogue.adapters.wire.frames import event_bytes, frame
from dialogue.adapters.wire.wire_codec import WireCodec
from dialogue.application.sessions.notice import Marked, PutIntoRoom, RoomCreated, RoomDeleted, RoomInfo, TakenOut
from dialogue.domain.event import Event, weight
from dialogue.domain.position import Position

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
events: st.SearchStrategy[Event] = st.builds(
    Event,
    room_id=texts,
    name=texts,
    sender=texts,
    payload=texts.map(lambda text: json.dumps(text).encode()),
    meta=st.none() | texts.map(lambda text: json.dumps({"m": text}).encode()),
    timestamp_ms=st.integers(0, 2**53),
    seq=st.none() | st.integers(1, 2**53),
)


@given(events)
def test_an_event_has_the_fields_of_the_protocol_in_their_order(event: Event) -> None:
    decoded = json.loads(event_bytes(event))
    wanted = ["event", "roomId", "data", "from", "timestamp"]
    wanted += ["seq"] if event.seq is not None else []
    wanted += ["meta"] if event.meta is not None else []
    assert list(decoded) == wanted
    assert (decoded["event"], decoded["roomId"], decoded["from"]) == (event.name, event.room_id, event.sender)
    assert decoded["data"] == json.loads(event.payload)


@given(events)
def test_an_event_weighs_at_least_what_it_takes(event: Event) -> None:
    assert weight(event) >= len(event_bytes(event))


@given(texts, st.lists(events, max_size=12), st.integers(100, 1_000))
def test_a_batch_is_split_in_order_so_that_no_frame_is_too_large(room_id: str, batch: list[Event], limit: int) -> None:
    frames = WireCodec(limit).events(room_id, batch)
    decoded = [json.loads(each.text) for each in frames]
    assert [event for each in decoded for event in each["events"]] == [json.loads(event_bytes(each)) for each in batch]
    for each, message in zip(frames, decoded, strict=True):
        assert list(message) == ["type", "roomId", "events"]
        assert (message["type"], message["roomId"]) == ("events", room_id)
        assert each.size == len(each.text.encode())
        assert each.size <= limit or len(message["events"]) == 1
    taken = 0
    for each, message in zip(frames[:-1], decoded, strict=False):
        taken += len(message["events"])
        assert each.size + len(event_bytes(batch[taken])) + 2 > limit, "the next one would have fitted"


def test_type_is_the_first_key_and_id_the_second_where_there_is_one() -> None:
    assert frame(messages.Pong()).text == '{"type":"pong"}'
    assert frame(messages.Pong(), 0).text == '{"type":"pong","id":0}'
    assert frame(messages.Left(room_id="x"), "").text == '{"type":"left","id":"","roomId":"x"}'


def test_notices_have_the_fields_of_the_protocol() -> None:
    codec = WireCodec(1 << 20)
    position = Position(epoch="e", seq=7)
    joined = PutIntoRoom(room_id="r", room_name="R", events=("a", "b"), position=position, has_more=True)
    made = RoomCreated(RoomInfo(id="r", name="R", size=0, users=0, max_size=5))
    marked = Marked(room_id="r", seq=7, unread=2)
    notices = (joined, TakenOut("r", "why"), made, RoomDeleted("r"), marked)
    assert [json.loads(codec.notice(each).text) for each in notices] == [
        {
            "type": "joined",
            "roomId": "r",
            "roomName": "R",
            "events": ["a", "b"],
            "position": {"epoch": "e", "seq": 7},
            "history": [],
            "hasMore": True,
        },
        {"type": "left", "roomId": "r", "reason": "why"},
        {"type": "roomCreated", "room": {"id": "r", "name": "R", "size": 0, "users": 0, "maxSize": 5}},
        {"type": "roomDeleted", "roomId": "r"},
        {"type": "marked", "roomId": "r", "seq": 7, "unread": 2},
    ]
