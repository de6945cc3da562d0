"""Who is in which room, and who is told what."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from anyio import create_task_group, fail_after

from dialogue.adapters.memory.transport import MemoryTransport
from dialogue.application.feed.hub import Hub
from dialogue.application.ports.authenticator import Identity
from dialogue.application.sessions.frame import GOING_AWAY, SERVER_FAULT, TOO_SLOW, Frame
from dialogue.application.sessions.limits import Backlog
from dialogue.application.sessions.notice import RoomDeleted
from dialogue.application.sessions.outbox import Outbox
from dialogue.application.sessions.session import Membership, Session
from dialogue.domain.errors import Disconnected
from dialogue.domain.event import Event

from .node import ReadableCodec, sent, transport_of

pytestmark = pytest.mark.anyio

NAMES = frozenset({"message"})


def events(*names: str) -> list[Event]:
    return [
        Event(room_id="room", name=name, payload=b"1", sender="ada", timestamp_ms=1, seq=place, event_seq=place)
        for place, name in enumerate(names, 1)
    ]


def outbox() -> Outbox:
    return Outbox(MemoryTransport(), Backlog(max_frames=10, max_bytes=1_000))


def connect(hub: Hub, codec: ReadableCodec, name: str, *rooms: str, names: frozenset[str] = NAMES) -> Session:
    session = Session(session_id=name, identity=Identity(user_id=name), codec=codec, outbox=outbox())
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
        assert sent(session) == ["message:1 message:3"]
    assert sent(both) == ["message:1 note:2 message:3"]
    assert sent(neither) == sent(elsewhere) == []
    assert codec.encoded == 2


async def test_a_frame_is_one_object_for_all_who_get_it() -> None:
    hub, codec = Hub(), ReadableCodec()
    sessions = [connect(hub, codec, name, "room") for name in "abc"]
    hub.deliver("room", events("message"))
    frames = [transport_of(session).read() for session in sessions]
    assert all(frame is frames[0][0] for [frame] in frames)


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
    assert sent(one) == []


async def test_a_notice_goes_to_all_who_are_connected_but_one() -> None:
    hub, codec = Hub(), ReadableCodec()
    one, two, gone = (connect(hub, codec, name) for name in ("one", "two", "gone"))
    hub.disconnect(gone)
    hub.announce(RoomDeleted("room"), but=one)
    assert [sent(session) for session in (one, two, gone)] == [[], ["RoomDeleted"], []]


async def test_one_slow_session_is_closed_and_the_others_get_all() -> None:
    hub, codec = Hub(), ReadableCodec()
    slow, quick = connect(hub, codec, "slow", "room"), connect(hub, codec, "quick", "room")
    transport_of(slow).block()
    with fail_after(30):
        async with create_task_group() as tasks:
            tasks.start_soon(slow.outbox.run, lambda: hub.disconnect(slow))
            for _ in range(11):
                hub.deliver("room", events("message"))
                assert sent(quick) == ["message:1"]
    assert slow.outbox.closing == TOO_SLOW
    assert hub.members("room") == [quick]
    assert quick.outbox.closing is None


async def test_closing_all_reaches_those_too_who_have_not_said_who_they_are() -> None:
    hub, codec = Hub(), ReadableCodec()
    session = connect(hub, codec, "one", "room")
    stranger = outbox()
    hub.attach(stranger)
    hub.deliver("room", events("message"))
    hub.close_all(GOING_AWAY)
    assert stranger.closing == session.outbox.closing == GOING_AWAY
    assert sent(session) == ["message:1"]


async def test_who_waits_for_an_empty_hub_waits_for_the_last_connection() -> None:
    hub = Hub()
    outboxes = [outbox() for _ in range(2)]
    await hub.emptied()
    for each in outboxes:
        hub.attach(each)
    with fail_after(30):
        async with create_task_group() as tasks:
            tasks.start_soon(hub.emptied)
            tasks.start_soon(hub.emptied)
            for each in outboxes:
                hub.detach(each)
                hub.detach(each)


class BrokenCodec(ReadableCodec):
    """Encodes nothing."""

    def events(self, room_id: str, events: Sequence[Event]) -> list[Frame]:
        raise RuntimeError("no such word")


async def test_a_codec_that_fails_for_one_member_makes_that_member_come_back_and_harms_no_other() -> None:
    hub, codec = Hub(), ReadableCodec()
    first, broken, last = (
        connect(hub, each, name, "room") for each, name in ((codec, "a"), (BrokenCodec(), "b"), (codec, "c"))
    )
    hub.deliver("room", events("message"))
    assert [sent(session) for session in (first, broken, last)] == [["message:1"], [], ["message:1"]]
    assert [session.outbox.closing for session in (first, broken, last)] == [None, SERVER_FAULT, None]


async def test_nobody_enters_a_room_without_a_connection() -> None:
    hub = Hub()
    gone = connect(hub, ReadableCodec(), "gone", "room")
    hub.disconnect(gone)
    with pytest.raises(Disconnected, match="gone"):
        hub.enter(gone, "room", Membership(NAMES))
    assert hub.size("room") == 0


async def test_sessions_are_told_in_the_order_in_which_they_came() -> None:
    """So that a run can be replayed: a set would give them another order in each process."""
    hub, told = Hub(), list[str]()

    class Noting(MemoryTransport):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def write(self, frame: Frame) -> bool:
            told.append(self.name)
            return super().write(frame)

    names = [str(number) for number in range(50)]
    codec = ReadableCodec()
    for name in names:
        box = Outbox(Noting(name), Backlog())
        hub.connect(Session(session_id=name, identity=Identity(user_id="ada"), codec=codec, outbox=box))
    hub.announce(RoomDeleted("room"))
    hub.tell_user("ada", RoomDeleted("room"))
    assert told == names * 2
