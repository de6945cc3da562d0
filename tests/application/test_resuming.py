"""A session that goes on where an earlier one of its user was, and what is known of one that ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from anyio import create_task_group, fail_after
from anyio.lowlevel import checkpoint

from dialogue.application.ports.peer import UNKNOWN
from dialogue.application.sessions.answers import Answer, Connected
from dialogue.application.sessions.frame import Closing, Frame
from dialogue.application.sessions.requests import Asked, Connect, Join, RequestId
from dialogue.application.sessions.session import Session
from dialogue.domain.position import Position

from .test_serve_session import CODEC, Caller, Served

pytestmark = pytest.mark.anyio


class Coming(Caller):
    """A client that says with its `connect` where it was."""

    def __init__(self, joins: Sequence[Join] | None) -> None:
        super().__init__()
        self._joins = joins
        self.asked_for: list[str] = []
        self.say('{"type":"connect","auth":{"userId":"ada"}}')

    async def earlier(self, user_id: str) -> Sequence[Join] | None:
        self.asked_for.append(user_id)
        return self._joins

    async def receive(self) -> Asked | Closing | None:
        asked = await super().receive()
        if isinstance(asked, Asked) and isinstance(asked.request, Connect):
            return replace(asked, request=Connect(asked.request.claims, self.earlier))
        return asked


class Noting:
    """The wire's codec, which keeps the answers as they were given."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.events = CODEC.events
        self.notice = CODEC.notice

    def answer(self, answer: Answer, request_id: RequestId) -> Frame:
        self.answers.append(answer)
        return CODEC.answer(answer, request_id)

    @property
    def connected(self) -> Connected:
        (answer,) = [each for each in self.answers if isinstance(each, Connected)]
        return answer


async def meet(served: Served, coming: Coming, *, also: Sequence[str] = ()) -> Noting:
    """Let the client connect, ask these, and be seen; what it was answered."""
    codec = Noting()
    async with create_task_group() as tasks:
        tasks.start_soon(served.serve, coming.transport, codec, coming.receive, UNKNOWN)
        await coming.until('"connected"')
        for request in also:
            coming.say(request)
        await checkpoint()
        tasks.cancel_scope.cancel()
    return codec


async def epoch_of(served: Served, room_id: str) -> str:
    _, history = await served.node.registry.open(room_id)
    return history.position.epoch


async def test_a_client_is_put_into_all_its_rooms_and_given_what_it_missed() -> None:
    served = Served()
    async with served.node.running():
        for number in range(5):
            await served.node.publish("room", "message", number, sender="bob")
        joins = [
            Join("room", ["message"], Position(epoch=await epoch_of(served, "room"), seq=3)),
            Join("single", ["message"], Position(epoch=await epoch_of(served, "single"), seq=0)),
        ]
        coming = Coming(joins)
        resumed = (await meet(served, coming)).connected.resumed
    assert coming.asked_for == ["ada"]
    assert resumed is not None
    assert [(joined.room.id, [event.seq for event in joined.history]) for joined in resumed] == [
        ("room", [5, 4]),
        ("single", []),
    ]


async def test_what_happens_after_a_resume_comes_live() -> None:
    served = Served()
    async with served.node.running():
        coming = Coming([Join("room", ["message"], Position(epoch=await epoch_of(served, "room"), seq=0))])
        async with create_task_group() as tasks:
            tasks.start_soon(served.serve, coming.transport, CODEC, coming.receive, UNKNOWN)
            await coming.until('"connected"')
            await served.node.publish("room", "message", "new", sender="bob")
            await coming.until('"new"')
            tasks.cancel_scope.cancel()


@pytest.mark.parametrize("obstacle", ["another life", "no such room", "a full room"])
async def test_where_one_room_cannot_be_resumed_none_is(obstacle: str) -> None:
    served = Served()
    other = Caller()
    async with served.running(other):
        other.say('{"type":"join","roomId":"single"}')
        await other.until('"joined"')
        good = Join("room", ["message"], Position(epoch=await epoch_of(served, "room"), seq=0))
        bad = {
            "another life": Join("room", ["message"], Position(epoch="other", seq=0)),
            "no such room": Join("nowhere", ["message"], Position(epoch="other", seq=0)),
            "a full room": Join("single", ["message"], Position(epoch=await epoch_of(served, "single"), seq=0)),
        }[obstacle]
        coming = Coming([good, bad])
        async with create_task_group() as tasks:
            codec = Noting()
            tasks.start_soon(served.serve, coming.transport, codec, coming.receive, UNKNOWN)
            await coming.until('"connected"')
            assert codec.connected.resumed is None
            assert served.node.hub.size("room") == 0
            assert served.node.hub.size("single") == 1
            coming.say('{"type":"leave","roomId":"room","id":1}')
            await coming.until("NOT_JOINED")
            tasks.cancel_scope.cancel()


async def test_a_client_without_an_earlier_session_begins_anew() -> None:
    served = Served()
    async with served.node.running():
        assert (await meet(served, Coming(None))).connected.resumed is None


async def test_the_end_of_a_session_is_told_while_it_is_in_its_rooms_with_what_was_not_sent() -> None:
    served = Served()
    coming = Coming(None)
    seen: list[tuple[str, list[str], list[str]]] = []

    def ending(session: Session) -> None:
        seen.append((session.user_id, [*session.memberships], [frame.text for frame in session.outbox.unsent]))

    async with served.node.running(), create_task_group() as tasks:
        tasks.start_soon(served.serve, coming.transport, CODEC, coming.receive, UNKNOWN, ending)
        coming.say('{"type":"join","roomId":"room","id":1}')
        await coming.until('"joined"')
        coming.transport.block()
        coming.say('{"type":"ping","id":2}')
        while coming.unheard:
            await checkpoint()
        coming.is_gone = True
        with fail_after(30):
            await served.node.hub.emptied()
    assert seen == [("ada", ["room"], ['{"type":"pong","id":2}'])]
