"""A stream of server-sent events at moments that no client can choose: its calls of ASGI, one by one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
from anyio import Event as Signal
from anyio import create_task_group, fail_after
from dependency_injector import providers

from dialogue import DialogueApp, DialogueError, History, Hooks, RoomConfig, create_dialogue, define_event
from dialogue.adapters.litestar.event_stream import EventStream
from dialogue.adapters.memory.history_source import MemoryHistorySource
from dialogue.adapters.memory.transport import MemoryTransport
from dialogue.adapters.wire import plain_transport
from dialogue.application.ports.authenticator import Identity
from dialogue.application.ports.peer import UNKNOWN
from dialogue.application.ports.transport import TRANSPORT
from dialogue.application.sessions import outbox
from dialogue.application.sessions.frame import TOO_SLOW
from dialogue.application.sessions.listen_to_room import Listen
from dialogue.domain.event import Event
from dialogue.domain.page import PageLimit

pytestmark = pytest.mark.anyio


class GatedSource(MemoryHistorySource):
    """Reads only when the gate is open, and says when it was asked."""

    def __init__(self, store: Any) -> None:
        super().__init__(store)
        self.asked, self.gate = Signal(), Signal()

    async def older(self, room_id: str, names: Sequence[str] | None, before: int, limit: PageLimit) -> list[Event]:
        found = await super().older(room_id, names, before, limit)
        self.asked.set()
        await self.gate.wait()
        return found


class Caller:
    """The server's side of ASGI: what was sent, and a connection that can be lost or take nothing more."""

    def __init__(self) -> None:
        self.sent = b""
        self.is_complete = False
        self.lost, self.arrived = Signal(), Signal()
        self.takes = Signal()
        self.takes.set()
        self.scope: Any = {"type": "http", "state": {}}

    async def receive(self) -> Any:
        await self.lost.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        await self.takes.wait()
        if message["type"] == "http.response.body":
            self.sent += message["body"]
            self.is_complete = not message["more_body"]
            self.arrived.set()

    async def until(self, text: bytes) -> None:
        while text not in self.sent:
            self.arrived = Signal()
            await self.arrived.wait()


@pytest.fixture
async def dialogue() -> AsyncIterator[DialogueApp]:
    """A running application whose history is in the source alone."""
    note = define_event("note", history=History(limit=0))
    app = create_dialogue(
        database="memory://",
        rooms={"room": RoomConfig(name="Room", events=[note])},
        settings={"max_backlog_frames": 16},
    )
    store = app.container.memory_store
    app.container.source.override(providers.Singleton(GatedSource, store))
    async with app.lifespan():
        yield app


def source_of(dialogue: DialogueApp) -> GatedSource:
    source = dialogue.container.source()
    assert isinstance(source, GatedSource)
    return source


def stream_of(dialogue: DialogueApp) -> EventStream:
    wanted = Listen(identity=Identity(user_id="ada"), room_id="room", peer=UNKNOWN)
    return EventStream(dialogue.container.listen(), dialogue.container.sse_codec(), wanted)


async def publish(dialogue: DialogueApp, *numbers: int) -> None:
    for number in numbers:
        await dialogue.trigger("room", "note", number, sender="bob")


async def test_what_happens_while_the_history_is_read_comes_once_and_behind_it(dialogue: DialogueApp) -> None:
    source = source_of(dialogue)
    await publish(dialogue, 1, 2)
    caller = Caller()
    with fail_after(30):
        async with create_task_group() as tasks:
            tasks.start_soon(stream_of(dialogue), caller.scope, caller.receive, caller.send)
            await source.asked.wait()
            await publish(dialogue, 3)
            source.gate.set()
            await caller.until(b'"seq":3}')
            await publish(dialogue, 4)
            await caller.until(b'"seq":4}')
            caller.lost.set()
    places = [line[-1:] for line in caller.sent.splitlines() if line.startswith(b"id: ")]
    assert places == [b"1", b"2", b"3", b"4"]


async def test_a_client_that_is_lost_while_it_takes_nothing_leaves_at_once(dialogue: DialogueApp) -> None:
    source_of(dialogue).gate.set()
    caller = Caller()
    with fail_after(30):
        async with create_task_group() as tasks:
            tasks.start_soon(stream_of(dialogue), caller.scope, caller.receive, caller.send)
            await caller.until(b"recovered")
            caller.takes = Signal()
            await publish(dialogue, 1)
            assert dialogue.room("room").info.size == 1
            caller.lost.set()
    assert dialogue.room("room").info.size == 0


class NoisyTransport(MemoryTransport):
    """A server's own transport, which tells when the close is written."""

    def __init__(self, on_close: Callable[[], None]) -> None:
        super().__init__()
        self._on_close = on_close

    def close(self, code: int, reason: str) -> None:
        self._on_close()
        super().close(code, reason)


async def test_a_client_that_is_too_slow_leaves_before_it_is_closed(dialogue: DialogueApp) -> None:
    source_of(dialogue).gate.set()
    caller = Caller()
    sizes: list[int] = []
    transport = NoisyTransport(lambda: sizes.append(dialogue.room("room").info.size))
    caller.scope["state"][TRANSPORT] = transport
    with fail_after(30):
        async with create_task_group() as tasks:
            tasks.start_soon(stream_of(dialogue), caller.scope, caller.receive, caller.send)
            await transport.arrived()
            transport.block()
            await publish(dialogue, *range(20))
    assert sizes == [0]
    assert transport.closing == TOO_SLOW


async def test_a_stream_whose_client_takes_nothing_ends_at_a_stop(
    dialogue: DialogueApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PATIENCE_S", 0.01)
    monkeypatch.setattr(plain_transport, "FRAME_PATIENCE_S", 0.01)
    monkeypatch.setattr(plain_transport, "CLOSE_PATIENCE_S", 0.01)
    source_of(dialogue).gate.set()
    caller = Caller()
    with fail_after(30):
        async with create_task_group() as tasks:
            tasks.start_soon(stream_of(dialogue), caller.scope, caller.receive, caller.send)
            await caller.until(b"recovered")
            caller.takes = Signal()
            await publish(dialogue, 1, 2, 3)
            await dialogue.drain()
    assert not caller.is_complete


async def test_a_stop_ends_the_response_and_what_comes_later_is_refused(dialogue: DialogueApp) -> None:
    source_of(dialogue).gate.set()
    caller, late = Caller(), Caller()
    with fail_after(30):
        async with create_task_group() as tasks:
            tasks.start_soon(stream_of(dialogue), caller.scope, caller.receive, caller.send)
            await caller.until(b"recovered")
            await dialogue.drain()
        assert caller.is_complete
        with pytest.raises(DialogueError, match="going down"):
            await stream_of(dialogue)(late.scope, late.receive, late.send)
    assert late.sent == b""


async def test_hooks_are_told_that_a_stream_joins_and_leaves_and_nothing_else() -> None:
    told: list[str] = []
    app = create_dialogue(
        database="memory://",
        rooms={"room": RoomConfig(name="Room", events=[define_event("note", history=History(limit=1))])},
        hooks=Hooks(
            on_connect=lambda user, client_id: told.append(f"connect {user.user_id} {client_id}"),
            on_connected=lambda client: told.append(f"connected {client.user_id}"),
            on_joined=lambda client, room_id: told.append(f"joined {client.user_id} {room_id}"),
            on_left=lambda client, room_id: told.append(f"left {client.user_id} {room_id}"),
            on_disconnected=lambda client: told.append(f"disconnected {client.user_id}"),
        ),
    )
    caller = Caller()
    with fail_after(30):
        async with app.lifespan(), create_task_group() as tasks:
            tasks.start_soon(stream_of(app), caller.scope, caller.receive, caller.send)
            await caller.until(b"recovered")
            caller.lost.set()
    assert told == ["joined ada room", "left ada room"]
