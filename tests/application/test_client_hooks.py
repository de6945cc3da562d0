"""What the application is told of its clients, in which order, and what a hook that fails or hangs does to whom."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from threading import Event as Gate
from typing import Any

import pytest
from anyio import Event as Signal
from anyio import create_task_group, fail_after, sleep_forever
from anyio.lowlevel import checkpoint

from dialogue.adapters.threads.daemon_threads import DaemonThreads
from dialogue.application.hooks.client import Client
from dialogue.application.hooks.hooks import Hooks
from dialogue.application.hooks.run_hook import RunHook
from dialogue.application.ports.authenticator import Identity
from dialogue.application.rooms.runtime_rooms import RuntimeRooms
from dialogue.application.sessions.session import Session
from dialogue.domain.errors import Forbidden, JoinDenied, RoomNotFound
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.ports.room_store import StoredRoom
from dialogue.domain.room import RoomConfig

from .node import MemoryNode

pytestmark = pytest.mark.anyio

ADA = Identity(user_id="ada")
MESSAGE = define_event("message", history=History(limit=5))
ROOMS = {
    "hall": RoomConfig(name="Hall", events=[MESSAGE]),
    "side": RoomConfig(name="Side", events=[MESSAGE]),
    "small": RoomConfig(name="Small", events=[MESSAGE], max_size=1),
}


class Told:
    """Keeps what the hooks were told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def hooks(self) -> Hooks:
        return Hooks(
            on_connected=lambda client: self.lines.append(f"connected {client.user_id}"),
            on_disconnected=lambda client: self.lines.append(f"disconnected {client.user_id} {client.rooms}"),
            on_joined=lambda client, room_id: self.lines.append(f"joined {client.user_id} {room_id}"),
            on_left=lambda client, room_id: self.lines.append(f"left {client.user_id} {room_id}"),
        )


def node_with(hooks: Hooks, timeout_s: float = 5, **more: Any) -> MemoryNode:
    return MemoryNode(ROOMS, hooks=hooks, run_hook=RunHook(DaemonThreads(4), timeout_s=timeout_s), **more)


async def settled(node: MemoryNode, session: Session) -> None:
    with fail_after(30):
        await node.client_hooks.settled(session)


async def test_a_clients_life_is_told_in_its_order() -> None:
    told = Told()
    async with node_with(told.hooks()).running() as node:
        session = node.session("ada")
        await node.client_hooks.connected(session)
        await node.join(session, "hall")
        await node.join(session, "hall")  # again, for a fresh snapshot
        await node.join(session, "side")
        node.join.leave(session, "side")
        node.hub.disconnect(session)
        node.hub.disconnect(session)
        await settled(node, session)
    assert told.lines == [
        "connected ada",
        "joined ada hall",
        "joined ada side",
        "left ada side",
        "left ada hall",
        "disconnected ada ()",
    ]


async def test_a_join_that_fails_is_not_told() -> None:
    told = Told()
    async with node_with(told.hooks()).running() as node:
        first, second = node.session("ada"), node.session("bob")
        await node.join(first, "small")
        with pytest.raises(Exception, match="full"):
            await node.join(second, "small")
        with pytest.raises(RoomNotFound):
            await node.join(second, "nowhere")
        node.hub.disconnect(second)
        await settled(node, first)
    assert told.lines == ["joined ada small"]


async def test_rooms_that_go_and_clients_that_are_put_are_told_too() -> None:
    told = Told()
    async with node_with(told.hooks(), runtime=RuntimeRooms(events=[MESSAGE])).running() as node:
        session = node.session("ada")
        await node.manage.create(StoredRoom(id="club", name="Club"))
        await node.join.put(session, "club")
        await node.manage.delete("club")
        await node.join.put(session, "hall")
        node.join.take_out(session, "hall", "enough")
        await settled(node, session)
    assert told.lines == ["joined ada club", "left ada club", "joined ada hall", "left ada hall"]


async def test_what_a_stop_ends_is_told_before_it_is_over() -> None:
    told = Told()
    async with node_with(told.hooks()).running() as node:
        session = node.session("ada")
        await node.join(session, "hall")
        node.hub.disconnect(session)
    assert told.lines == ["joined ada hall", "left ada hall"]


async def test_a_stream_joins_and_leaves_and_can_be_put_nowhere_else() -> None:
    failed: list[str] = []

    async def move(client: Client, room_id: str) -> None:
        try:
            await client.join("side")
        except Forbidden:
            failed.append(room_id)

    async with node_with(Hooks(on_joined=move)).running() as node:
        session = node.session("ada")
        session.only_room = "hall"
        await node.join(session, "hall")
        await settled(node, session)
        assert failed == ["hall"]
        assert [*session.memberships] == ["hall"]


def throws(*_: object) -> None:
    raise RuntimeError("no")


@pytest.mark.parametrize("kind", ["throws", "hangs", "hangs in a thread"])
async def test_a_hook_that_misbehaves_harms_no_other_client(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    gate = Gate()

    async def hangs(*_: object) -> None:
        await sleep_forever()

    def hangs_in_a_thread(*_: object) -> None:
        gate.wait()

    hooks: dict[str, Callable[..., Awaitable[object] | object]] = {
        "throws": throws,
        "hangs": hangs,
        "hangs in a thread": hangs_in_a_thread,
    }
    told: list[str] = []

    def joined(client: Client, room_id: str) -> Awaitable[object] | object:
        if client.user_id == "eve":
            return hooks[kind](client, room_id)
        told.append(client.user_id)
        return None

    async with node_with(Hooks(on_joined=joined), timeout_s=1).running() as node:
        eve, ada = node.session("eve"), node.session("ada")
        with caplog.at_level(logging.ERROR, "dialogue.hooks"), fail_after(30):
            await node.join(eve, "hall")
            await node.join(ada, "hall")
            await node.client_hooks.settled(ada)
            assert told == ["ada"]
            await node.client_hooks.settled(eve)
            gate.set()
    assert "on_joined of 'eve' in 'hall'" in caplog.text


async def test_of_one_client_no_two_hooks_run_at_once() -> None:
    running = most = 0
    go_on = Signal()

    async def slow(*_: object) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await go_on.wait()
        running -= 1

    async with node_with(Hooks(on_joined=slow, on_left=slow)).running() as node:
        session = node.session("ada")
        await node.join(session, "hall")
        node.join.leave(session, "hall")
        for _ in range(10):
            await checkpoint()
        go_on.set()
        await settled(node, session)
    assert most == 1


async def test_before_join_keeps_users_out_with_its_reason_on_every_way_in() -> None:
    asked: list[tuple[str, str]] = []

    async def before_join(user: Identity, room_id: str) -> None:
        asked.append((user.user_id, room_id))
        if room_id == "side":
            raise JoinDenied("members only")

    async with node_with(Hooks(before_join=before_join)).running() as node:
        session = node.session("ada")
        await node.join(session, "hall")
        await node.publish.by_user(ADA, "hall", "message", 1)
        for ask in (
            lambda: node.join(session, "side"),
            lambda: node.publish.by_user(ADA, "side", "message", 1),
            lambda: node.redact.by_user(ADA, "side", 1),
            lambda: node.access.ensure_reader(ADA, "side"),
        ):
            with pytest.raises(JoinDenied, match="members only"):
                await ask()
        before = len(asked)
        with pytest.raises(RoomNotFound):
            await node.join(session, "nowhere")
        await node.join.put(session, "side")
        assert len(asked) == before


@pytest.mark.parametrize("answer", [throws, False, "no", -1, 0.5, 10**30, JoinDenied("given, not raised")])
async def test_whatever_else_before_join_does_keeps_the_user_out(answer: Any) -> None:
    async with node_with(Hooks(before_join=answer if callable(answer) else lambda *_: answer)).running() as node:
        with pytest.raises(JoinDenied, match="You may not join this room"):
            await node.join(node.session("ada"), "hall")


async def test_putting_a_client_that_is_gone_into_a_room_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    go_on = Signal()

    async def slow(client: Client) -> None:
        await go_on.wait()
        await client.join("hall")

    async with node_with(Hooks(on_connected=slow)).running() as node:
        session = node.session("ada")
        async with create_task_group() as tasks:
            tasks.start_soon(node.client_hooks.connected, session)
            await checkpoint()
            node.hub.disconnect(session)
            go_on.set()
        assert node.hub.size("hall") == 0
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
