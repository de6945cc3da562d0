"""Who is in which room, and who is told what."""

from __future__ import annotations

import pytest
from anyio import create_task_group, fail_after

from dialogue.application.feed.hub import Hub
from dialogue.application.sessions.frame import GOING_AWAY, Frame
from dialogue.application.sessions.notice import RoomDeleted
from dialogue.application.sessions.outbox import Outbox
from dialogue.application.sessions.session import Membership, Session
from dialogue.domain.event import Event

from .node import ReadableCodec, sent

pytestmark = pytest.mark.anyio

NAMES = frozenset({"message"})


def events(*names: str) -> list[Event]:
    return [
        Event(room_id="room", name=name, payload=b"1", sender="ada", timestamp_ms=1, seq=place, event_seq=place)
        for place, name in enumerate(names, 1)
    ]


def connect(hub: Hub, codec: ReadableCodec, name: str, *rooms: str, names: frozenset[str] = NAMES) -> Session:
    session = Session(session_id=name, user_id=name, codec=codec, outbox=Outbox(10, 1_000))
    hub.connect(session)
    hub.attach(session.outbox)
    for room_id in rooms:
        hub.enter(session, room_id, Membership(names))
    return session


async def test_events_go_to_their_rooms_subscribers_and_are_encoded_once_for_each_choice() -> None:
    hub, codec = Hub(), ReadableCodec()
    same = [connect(hub, codec, name, "room") for name in "abc"]
    both = connect(hub, codec, "d", "room", names=frozenset({"message", "note"}))
    neither = connect(hub, codec, "e", "room", names=frozenset())
    elsewhere = connect(hub, codec, "f", "other")
    hub.deliver("room", events("message", "note", "message"))
    for session in same:
        assert await sent(session) == ["message:1 message:3"]
    assert await sent(both) == ["message:1 note:2 message:3"]
    assert await sent(neither) == await sent(elsewhere) == []
    assert codec.encoded == 2


async def test_a_frame_is_one_object_for_all_who_get_it() -> None:
    hub, codec = Hub(), ReadableCodec()
    sessions = [connect(hub, codec, name, "room") for name in "abc"]
    hub.deliver("room", events("message"))
    frames = [await session.outbox.next() for session in sessions]
    assert isinstance(frames[0], Frame)
    assert all(frame is frames[0] for frame in frames)


async def test_sessions_are_counted_by_room_until_they_leave_or_disconnect() -> None:
    hub, codec = Hub(), ReadableCodec()
    one, two = connect(hub, codec, "one", "a", "b"), connect(hub, codec, "two", "a")
    assert (hub.size("a"), hub.size("b"), hub.size("c")) == (2, 1, 0)
    hub.enter(one, "a", Membership(NAMES))
    assert hub.members("a") == [one, two]
    hub.leave(two, "a")
    hub.leave(two, "a")
    hub.leave(two, "c")
    assert hub.members("a") == [one]
    hub.disconnect(one)
    hub.disconnect(one)
    assert (hub.size("a"), hub.size("b"), one.memberships) == (0, 0, {})
    hub.deliver("a", events("message"))
    assert await sent(one) == []


async def test_a_notice_goes_to_all_who_are_connected_but_one() -> None:
    hub, codec = Hub(), ReadableCodec()
    one, two, gone = (connect(hub, codec, name) for name in ("one", "two", "gone"))
    hub.disconnect(gone)
    hub.announce(RoomDeleted("room"), but=one)
    assert [await sent(session) for session in (one, two, gone)] == [[], ["RoomDeleted"], []]


async def test_one_slow_session_is_closed_and_the_others_get_all() -> None:
    hub, codec = Hub(), ReadableCodec()
    slow, quick = connect(hub, codec, "slow", "room"), connect(hub, codec, "quick", "room")
    for _ in range(11):
        hub.deliver("room", events("message"))
        assert await sent(quick) == ["message:1"]
    assert slow.outbox.closing is not None
    assert slow.outbox.closing.code == 4413
    assert quick.outbox.closing is None


async def test_closing_all_reaches_those_too_who_have_not_said_who_they_are() -> None:
    hub, codec = Hub(), ReadableCodec()
    session = connect(hub, codec, "one", "room")
    stranger = Outbox(10, 1_000)
    hub.attach(stranger)
    hub.deliver("room", events("message"))
    hub.close_all(GOING_AWAY)
    assert await stranger.next() == GOING_AWAY
    assert getattr(await session.outbox.next(), "text", None) == "message:1"
    assert await session.outbox.next() == GOING_AWAY


async def test_who_waits_for_an_empty_hub_waits_for_the_last_connection() -> None:
    hub = Hub()
    outboxes = [Outbox(10, 1_000) for _ in range(2)]
    await hub.emptied()
    for outbox in outboxes:
        hub.attach(outbox)
    with fail_after(5):
        async with create_task_group() as tasks:
            tasks.start_soon(hub.emptied)
            tasks.start_soon(hub.emptied)
            for outbox in outboxes:
                hub.detach(outbox)
                hub.detach(outbox)
