"""Telling members how many they are: the last value always, not too often, and first left out for who is behind."""

from __future__ import annotations

import pytest
from anyio import create_task_group, fail_after

from dialogue.adapters.memory.transport import MemoryTransport
from dialogue.application.feed.hub import Hub
from dialogue.application.ports.authenticator import Identity
from dialogue.application.rooms import tell_sizes
from dialogue.application.rooms.tell_sizes import TellSizes
from dialogue.application.sessions.frame import Frame
from dialogue.application.sessions.limits import Backlog
from dialogue.application.sessions.notice import Notice, RoomSize
from dialogue.application.sessions.outbox import Outbox
from dialogue.application.sessions.session import Membership, Session

from .node import ReadableCodec, sent, transport_of

pytestmark = pytest.mark.anyio

NAMES = frozenset({"message"})


class SizeCodec(ReadableCodec):
    """Says sizes as `size/users`."""

    def notice(self, notice: Notice) -> Frame:
        return (
            Frame(f"{notice.size}/{notice.users}".encode()) if isinstance(notice, RoomSize) else super().notice(notice)
        )


CODEC = SizeCodec()


def enter(hub: Hub, user_id: str, room_id: str = "room", *, holds_back: bool = False) -> Session:
    outbox = Outbox(MemoryTransport(), Backlog())
    session = Session(session_id=user_id, identity=Identity(user_id=user_id), codec=CODEC, outbox=outbox)
    hub.connect(session)
    hub.enter(session, room_id, Membership(NAMES, holds_back=holds_back))
    return session


async def test_members_are_told_sessions_and_users_once_for_all_that_changed() -> None:
    hub = Hub()
    tell = TellSizes(hub)
    ada, bob, again = enter(hub, "ada"), enter(hub, "bob"), enter(hub, "ada")
    tell.tell(1)
    assert [sent(session) for session in (ada, bob, again)] == [["3/2"]] * 3
    tell.tell(10)
    assert sent(ada) == [], "nothing has changed"
    hub.leave(again, "room")
    hub.disconnect(bob)
    tell.tell(20)
    assert sent(ada) == ["1/1"]
    assert sent(bob) == sent(again) == []


async def test_who_joins_is_told_also_where_the_size_is_what_it_was() -> None:
    hub = Hub()
    tell = TellSizes(hub)
    ada, bob = enter(hub, "ada"), enter(hub, "bob")
    tell.tell(1)
    hub.disconnect(bob)
    cleo = enter(hub, "cleo")
    tell.tell(10)
    assert sent(ada) == ["2/2"], "told once"
    assert sent(cleo) == ["2/2"]


async def test_a_large_room_is_told_less_often_and_the_last_value_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tell_sizes, "MEMBERS_A_SECOND", 1)
    hub = Hub()
    tell = TellSizes(hub)
    ada, *_ = [enter(hub, name) for name in ("ada", "b", "c", "d", "e")]
    tell.tell(100)
    hub.disconnect(enter(hub, "short"))
    last = enter(hub, "last")
    tell.tell(102)
    assert sent(ada) == ["5/5"], "five members: once in five seconds"
    tell.tell(105)
    assert (sent(ada), sent(last)) == (["6/6"], ["6/6"])


async def test_who_is_behind_or_not_yet_in_is_left_out_and_gets_the_last_value_later() -> None:
    hub = Hub()
    tell = TellSizes(hub)
    slow, joining, quick = enter(hub, "slow"), enter(hub, "joining", holds_back=True), enter(hub, "quick")
    transport_of(slow).block()
    slow.outbox.put(Frame(b"live"))
    tell.tell(1)
    assert [sent(session) for session in (slow, joining, quick)] == [[], [], ["3/3"]]
    transport_of(slow).unblock()
    joining.memberships["room"].take_held()
    with fail_after(30):
        async with create_task_group() as tasks:
            tasks.start_soon(slow.outbox.run, lambda: None)
            await transport_of(slow).arrived()
            tasks.cancel_scope.cancel()
    tell.tell(10)
    assert [sent(session) for session in (slow, joining, quick)] == [["live", "3/3"], ["3/3"], []]


async def test_the_worker_tells_and_forgets_rooms_that_have_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tell_sizes, "INTERVAL_S", 0.0)
    hub = Hub()
    ada, gone = enter(hub, "ada"), enter(hub, "gone", "other")
    hub.disconnect(gone)
    assert list(hub.resized_rooms) == ["room"]
    with fail_after(30):
        async with create_task_group() as tasks:
            tasks.start_soon(TellSizes(hub).run)
            await transport_of(ada).arrived()
            tasks.cancel_scope.cancel()
    assert sent(ada) == ["1/1"]
