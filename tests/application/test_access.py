"""Whom the application's rules let do what, asked of the services as every way in asks them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from threading import Event as Gate
from typing import Any

import pytest
from anyio import create_task_group, fail_after, sleep_forever
from anyio.lowlevel import checkpoint

from dialogue.adapters.threads.daemon_threads import DaemonThreads
from dialogue.application.access.access import Access, OwnRights
from dialogue.application.access.action import Action
from dialogue.application.access.roles import roles
from dialogue.application.hooks.hooks import Hooks
from dialogue.application.hooks.run_hook import RunHook
from dialogue.application.ports.authenticator import Identity
from dialogue.application.rooms.runtime_rooms import RuntimeRooms
from dialogue.domain.errors import EventNotAllowed, Forbidden, PositionUnknown, RoomNotFound, Unavailable
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.ports.room_store import StoredRoom
from dialogue.domain.room import RoomConfig

from .node import MemoryNode, sent

pytestmark = pytest.mark.anyio

ADA, EVE = Identity(user_id="ada"), Identity(user_id="eve")
MESSAGE = define_event("message", history=History(limit=5))
ROOMS = {
    "hall": RoomConfig(name="Hall", events=[MESSAGE]),
    "vault": RoomConfig(name="Vault", events=[MESSAGE]),
}


def allows(_: Identity, action: Action, room_id: str) -> bool:
    return action == "join" and room_id == "hall"


async def allows_later(identity: Identity, action: Action, room_id: str) -> bool:
    await checkpoint()
    return allows(identity, action, room_id)


class Rules:
    def __call__(self, identity: Identity, action: Action, room_id: str) -> bool:
        return allows(identity, action, room_id)


class LaterRules:
    async def __call__(self, identity: Identity, action: Action, room_id: str) -> bool:
        return await allows_later(identity, action, room_id)


def allows_when_awaited(identity: Identity, action: Action, room_id: str) -> Awaitable[bool]:
    return allows_later(identity, action, room_id)


KINDS: dict[str, Callable[..., Any]] = {
    "function": allows,
    "async function": allows_later,
    "lambda": lambda user, action, room: allows(user, action, room),
    "partial": partial(allows),
    "partial of async": partial(allows_later),
    "object": Rules(),
    "async object": LaterRules(),
    "method": Rules().__call__,
    "gives an awaitable": allows_when_awaited,
    "roles": roles({"*": {"hall": ["join"]}}),
}


def access(authorize: Any, timeout_s: float = 5) -> Access:
    node = MemoryNode(ROOMS)
    return Access(RunHook(DaemonThreads(4), timeout_s=timeout_s), node.registry, node.access.visibility, authorize)


@pytest.mark.parametrize("kind", KINDS)
async def test_rules_may_be_any_callable(kind: str) -> None:
    found = access(KINDS[kind])
    assert await found.may(ADA, "join", "hall")
    assert not await found.may(ADA, "read", "hall")
    assert not await found.may(ADA, "join", "vault")
    with pytest.raises(RoomNotFound):
        await found.ensure(ADA, "join", "vault")
    with pytest.raises(Forbidden, match="may not read this room's events"):
        await found.ensure_reader(ADA, "hall")
    with pytest.raises(Forbidden, match="may not publish in this room"):
        await found.ensure_publisher(ADA, "hall")


async def test_without_rules_everybody_may_what_harms_nobody() -> None:
    found = access(None)
    may = [action for action in ("join", "read", "publish", "create") if await found.may(ADA, action, "hall")]
    assert may == ["join", "read", "publish", "create"]
    for action in ("delete", "redact", "administer"):
        assert not await found.may(ADA, action, "hall")


def throws(*_: object) -> bool:
    raise RuntimeError("secret: the password is 1234")


@pytest.mark.parametrize("authorize", [throws, lambda *_: None, lambda *_: 1, lambda *_: "yes", lambda *_: ADA])
async def test_rules_that_do_not_say_refuse_and_the_log_tells(authorize: Any, caplog: pytest.LogCaptureFixture) -> None:
    found = access(authorize)
    with caplog.at_level(logging.ERROR, "dialogue.access"):
        assert not await found.may(ADA, "join", "hall")
        with pytest.raises(Unavailable) as refused:
            await found.ensure(ADA, "join", "hall")
    assert "secret" not in refused.value.message
    assert "whether 'ada' may join in 'hall'" in caplog.text


async def test_a_user_whose_rules_hang_in_threads_keeps_nobody_else_from_being_asked_about() -> None:
    """By more requests at once than there are threads: they took all of them, and everybody was refused."""
    gate, hanging = Gate(), Gate()

    def hang(user: Identity, _action: Action, _room_id: str) -> bool:
        if user == EVE:
            hanging.set()
            gate.wait(30)
        return True

    node = MemoryNode(ROOMS, hooks=Hooks(authorize=hang))
    async with node.running(), create_task_group() as tasks:
        try:
            for _ in range(20):
                tasks.start_soon(node.access.may, EVE, "join", "hall")
            with fail_after(60):
                while not hanging.is_set():
                    await checkpoint()
                assert await node.access.may(ADA, "join", "hall")
        finally:
            gate.set()


async def test_rules_that_hang_refuse_in_time() -> None:
    async def hangs(*_: object) -> bool:
        await sleep_forever()
        return True

    gate = Gate()
    try:
        for authorize in (hangs, lambda *_: gate.wait()):
            with fail_after(30), pytest.raises(Unavailable):
                await access(authorize, timeout_s=0.05).ensure(ADA, "publish", "hall")
    finally:
        gate.set()


async def test_whoever_may_not_join_a_room_cannot_tell_it_from_none() -> None:
    async with MemoryNode(ROOMS, hooks=Hooks(authorize=roles({"*": {"hall": ["join", "read"]}}))).running() as node:
        session = node.session("eve")
        asked: dict[str, Callable[[str], Awaitable[object]]] = {
            "join": lambda room_id: node.join(session, room_id),
            "publish": lambda room_id: node.publish.by_user(EVE, room_id, "message", 1),
            "redact": lambda room_id: node.redact.by_user(EVE, room_id, 1),
            "delete": lambda room_id: node.manage.delete(room_id, identity=EVE),
            "one": lambda room_id: node.list_rooms.one(EVE, room_id),
            "definitions": lambda room_id: node.list_rooms.definitions(EVE, room_id),
        }
        for what, ask in asked.items():
            said = []
            for room_id in ("vault", "nowhere"):
                with pytest.raises(RoomNotFound) as refused:
                    await ask(room_id)
                said.append(refused.value.message.replace(room_id, "…"))
            assert said[0] == said[1], what
        assert [room.id for room in (await node.list_rooms(EVE, "", 10)).rooms] == ["hall"]


async def test_a_list_gives_as_many_rooms_as_are_asked_for_and_no_cursor_of_another() -> None:
    rooms = {f"room-{number}": RoomConfig(name="Room", events=[]) for number in range(9)}
    seen = roles({"*": {"room-2": ["join"], "room-5": ["join"], "room-7": ["join"]}})
    async with MemoryNode(rooms, hooks=Hooks(authorize=seen)).running() as node:
        first = await node.list_rooms(EVE, "", 2)
        assert ([room.id for room in first.rooms], first.cursor) == (["room-2", "room-5"], "room-5")
        last = await node.list_rooms(EVE, "room-5", 2)
        assert ([room.id for room in last.rooms], last.cursor) == (["room-7"], None)


async def test_a_member_publishes_where_that_is_allowed() -> None:
    rules = roles({"*": ["join", "read"], "writer": ["publish"]})
    async with MemoryNode(ROOMS, hooks=Hooks(authorize=rules)).running() as node:
        session = node.session("eve")
        await node.join(session, "hall")
        with pytest.raises(Forbidden):
            await node.publish.from_session(session, "hall", "message", 1, None, None, lambda _: None)
        session.identity = Identity(user_id="eve", claims={"roles": ["writer"]})
        await node.publish.from_session(session, "hall", "message", 1, None, None, lambda _: None)
        with pytest.raises(EventNotAllowed):
            await node.publish.from_session(session, "hall", "other", 1, None, None, lambda _: None)


async def test_who_may_redact_redacts_what_others_have_sent() -> None:
    rules = roles({"*": ["join", "read", "publish"], "moderator": {"hall": ["redact"]}})
    moderator = Identity(user_id="mo", claims={"roles": "moderator"})
    async with MemoryNode(ROOMS, hooks=Hooks(authorize=rules)).running() as node:
        for room_id in ROOMS:
            await node.publish.by_user(ADA, room_id, "message", 1)
        with pytest.raises(Forbidden):
            await node.redact.by_user(EVE, "hall", 1)
        with pytest.raises(Forbidden):
            await node.redact.by_user(moderator, "vault", 1)
        with pytest.raises(PositionUnknown):
            await node.redact.by_user(moderator, "hall", 9)
        await node.redact.by_user(moderator, "hall", 1)
        await node.redact.by_user(ADA, "vault", 1)


async def test_who_may_delete_deletes_rooms_of_others() -> None:
    rules = roles({"*": ["join", "create"], "janitor": ["delete"]})
    janitor = Identity(user_id="jan", claims={"roles": "janitor"})
    runtime = RuntimeRooms(events=[MESSAGE])
    async with MemoryNode(ROOMS, runtime, hooks=Hooks(authorize=rules)).running() as node:
        for room_id in ("club", "pub"):
            await node.manage.create(StoredRoom(id=room_id, name="Ada's", created_by_id="ada"))
        with pytest.raises(Forbidden):
            await node.manage.delete("club", identity=EVE)
        await node.manage.delete("club", identity=janitor)
        await node.manage.delete("pub", identity=ADA)
        with pytest.raises(Forbidden, match="belongs to the application"):
            await node.manage.delete("hall", identity=janitor)


async def test_rooms_are_announced_to_those_who_may_join_them() -> None:
    rules = roles({"staff": {"staff-*": ["join"]}, "*": {"club": ["join"]}})
    async with MemoryNode(ROOMS, RuntimeRooms(events=[MESSAGE]), hooks=Hooks(authorize=rules)).running() as node:
        session, stranger = node.session("ada"), node.session("eve")
        session.identity = Identity(user_id="ada", claims={"roles": "staff"})
        for room_id in ("staff-1", "club"):
            await node.manage.create(StoredRoom(id=room_id, name="Room"))
            await node.manage.delete(room_id)
        told = {session: 4, stranger: 2}
        heard: dict[Any, list[str]] = {each: [] for each in told}
        with fail_after(30):
            while any(len(heard[each]) < count for each, count in told.items()):
                await checkpoint()
                for each in told:
                    heard[each] += sent(each)
        assert heard[session] == ["RoomCreated", "RoomDeleted"] * 2
        assert heard[stranger] == ["RoomCreated", "RoomDeleted"]


async def test_what_is_ones_own_may_need_a_permission_too() -> None:
    node = MemoryNode(ROOMS, RuntimeRooms(events=[MESSAGE]))
    node.access.own = OwnRights(delete=False, redact=False)
    async with node.running():
        await node.manage.create(StoredRoom(id="club", name="Ada's", created_by_id="ada"))
        await node.publish.by_user(ADA, "club", "message", 1)
        with pytest.raises(Forbidden, match="may not delete this room"):
            await node.manage.delete("club", identity=ADA)
        with pytest.raises(Forbidden):
            await node.redact.by_user(ADA, "club", 1)
    found = Access(
        RunHook(DaemonThreads(4), timeout_s=5), node.registry, node.access.visibility, own=OwnRights(create=False)
    )
    assert not await found.may(ADA, "create", "club")
    with pytest.raises(Forbidden, match="may not make this room"):
        await found.ensure(ADA, "create", "club")


async def test_before_join_may_say_from_where_on_a_user_reads() -> None:
    """At the user's first join, and not again."""
    said: list[int | None] = [3, 1, None]
    node = MemoryNode(ROOMS, hooks=Hooks(before_join=lambda user, _: said[0] if user.user_id == "ada" else None))
    async with node.running():
        for text in "abcde":
            await node.publish("hall", "message", text, sender="bob")
        with pytest.raises(Forbidden, match="you have not joined"):
            await node.access.visibility.of_reader(ADA, "hall", await node.access.ensure_reader(ADA, "hall"))
        for _ in range(2):
            session = node.session("ada")
            joined = await node.join(session, "hall")
            assert [event.seq for event in joined.history] == [5, 4, 3]
            said.pop(0)
        joined = await node.join(node.session("ada"), "hall")
        assert [event.seq for event in joined.history] == [5, 4, 3, 2, 1]
        joined = await node.join(node.session("bob"), "hall")
        assert [event.seq for event in joined.history] == [5, 4, 3, 2, 1]


async def test_where_the_rules_fail_nothing_is_listed_and_they_are_asked_no_more() -> None:
    asked: list[str] = []

    def fails(_: Identity, __: Action, room_id: str) -> bool:
        asked.append(room_id)
        raise RuntimeError("the database is down")

    async with MemoryNode(ROOMS, RuntimeRooms(events=[MESSAGE]), hooks=Hooks(authorize=fails)).running() as node:
        with pytest.raises(Unavailable):
            await node.list_rooms(EVE, "", 10)
        assert asked == ["hall"]
        sessions = [node.session(f"user-{number}") for number in range(50)]
        await node.manage.create(StoredRoom(id="club", name="Club"))
        with fail_after(30):
            while len(asked) < 21:
                await checkpoint()
        for _ in range(100):
            await checkpoint()
        assert asked == ["hall", *["club"] * 20]  # those that are asked about at once
        assert all(sent(session) == [] for session in sessions)
