"""Publish, join, choose, leave, page, delete and restart in any order: every client sees one sequence.

The rules are the invariants of `architecture.md`: what was answered for is at its place, live events and pages are one
run, and no read is ahead of what was sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue.adapters.memory.store import MemoryStore
from dialogue.application.frame import Frame
from dialogue.application.room_registry import RuntimeRooms
from dialogue.application.session import Session
from dialogue.domain.errors import RoomNotFound
from dialogue.domain.event import Event
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.page import Around, Before, Newest, Offsets, PageRequest
from dialogue.domain.ports.room_store import StoredRoom

from .node import Node, sent

NAMES = ["message", "note", "rare"]
EVENTS = [define_event(name, history=History(limit=limit)) for name, limit in zip(NAMES, (3, 0, 1), strict=True)]
RUNTIME = RuntimeRooms(events=EVENTS)
ROOM = "room"

names = st.lists(st.sampled_from(NAMES), min_size=1, max_size=6)
clients = st.integers(0, 2)
steps = st.one_of(
    st.tuples(st.just("publish"), names),
    st.tuples(st.just("publish"), names),
    st.tuples(st.just("join"), clients, st.none() | st.sets(st.sampled_from(NAMES), min_size=1)),
    st.tuples(st.just("subscribe"), clients, st.sampled_from(NAMES)),
    st.tuples(st.just("unsubscribe"), clients, st.sampled_from(NAMES)),
    st.tuples(st.just("leave"), clients),
    st.tuples(st.just("page"), st.none() | st.sampled_from(NAMES), st.integers(0, 30), st.integers(1, 5)),
    st.tuples(st.just("delete")),
    st.tuples(st.just("restart")),
)


@dataclass
class Follower:
    """A client, and what it must have been sent: the seqs of its names, since it joined."""

    session: Session
    names: set[str] = field(default_factory=set)
    is_in: bool = False
    expected: list[str] = field(default_factory=list)

    def told(self, event: Event) -> None:
        if self.is_in and event.name in self.names:
            self.expected.append(f"{event.name}:{event.seq}")

    async def check(self) -> None:
        frames = [text for text in await sent(self.session) if text not in ("RoomCreated", "RoomDeleted", "TakenOut")]
        assert " ".join(frames).split() == self.expected
        self.expected.clear()


class World:
    """A store, the node that runs over it, its clients, and the room as a plain list."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.kept: list[Event] = []
        self.head = 0
        self.epochs: list[str] = []

    def begin(self) -> Node:
        self.node = Node({}, RUNTIME, store=self.store)
        self.followers = [Follower(self.node.session(f"user-{number}")) for number in range(3)]
        return self.node

    async def create(self) -> None:
        await self.node.manage.create(StoredRoom(id=ROOM, name="Room"))
        self.epochs.append((await self.node.dialogue.room(ROOM).position()).epoch)
        assert len(set(self.epochs)) == len(self.epochs)

    async def publish(self, names: list[str]) -> None:
        answers: list[Event] = []

        async def one(name: str, number: int) -> None:
            answers.append(await self.node.publish(ROOM, name, number, sender="ada"))

        async with anyio.create_task_group() as tasks:
            for number, name in enumerate(names):
                tasks.start_soon(one, name, number)
        for event in sorted(answers, key=lambda event: event.place):
            assert event.seq == self.head + 1
            self.head += 1
            self.kept.append(event)
            for follower in self.followers:
                follower.told(event)

    async def join(self, client: int, names: set[str] | None) -> None:
        follower = self.followers[client]
        await follower.check()
        joined = await self.node.join(follower.session, ROOM, events=names)
        self.node.join.release(follower.session, ROOM)
        follower.is_in, follower.names = True, set(joined.events)
        wanted = [event for event in self.kept if event.name in follower.names][::-1]
        assert list(joined.history) == wanted[: len(joined.history)]
        assert len(joined.history) == min(50, len(wanted))
        assert joined.has_more is (len(wanted) > 50)
        assert joined.position.seq == self.head
        assert joined.position.epoch == self.epochs[-1]

    async def choose(self, kind: str, client: int, name: str) -> None:
        follower = self.followers[client]
        if follower.is_in:
            change = self.node.join.subscribe if kind == "subscribe" else self.node.join.unsubscribe
            (follower.names.add if kind == "subscribe" else follower.names.discard)(name)
            assert set(change(follower.session, ROOM, [name])) == follower.names

    async def leave(self, client: int) -> None:
        follower = self.followers[client]
        if follower.is_in:
            self.node.join.leave(follower.session, ROOM)
            follower.is_in = False

    async def page(self, name: str | None, seq: int, limit: int) -> None:
        named = [event for event in self.kept if name in (None, event.name)][::-1]
        seq = min(seq, self.head + 1)
        page = await self.node.pages(PageRequest(room_id=ROOM, event_name=name, form=Newest(), limit=limit))
        assert list(page.events) == named[:limit]
        page = await self.node.pages(PageRequest(room_id=ROOM, event_name=name, form=Before(seq), limit=limit))
        older = [event for event in named if event.place < seq]
        assert (list(page.events), page.has_more) == (older[:limit], len(older) > limit)
        if seq >= self.head - len(self.kept):
            page = await self.node.pages(PageRequest(room_id=ROOM, event_name=name, form=Around(seq), limit=limit))
            assert len(page.events) == min(limit, len(named))
        if name is not None:
            form = Offsets(seq, seq + limit)
            page = await self.node.pages(PageRequest(room_id=ROOM, event_name=name, form=form))
            assert list(page.events) == named[seq : seq + limit]

    async def delete(self) -> None:
        await self.node.manage.delete(ROOM)
        with pytest.raises(RoomNotFound):
            await self.node.publish(ROOM, "message", 1, sender="ada")
        self.kept.clear()
        for follower in self.followers:
            follower.is_in = False
        await self.create()

    async def step(self, kind: str, *arguments: Any) -> None:
        if kind in ("subscribe", "unsubscribe"):
            await self.choose(kind, *arguments)
        else:
            await getattr(self, kind)(*arguments)


@settings(max_examples=200)
@given(script=st.lists(steps, max_size=25))
def test_every_client_sees_one_sequence(script: list[tuple[Any, ...]]) -> None:
    async def play() -> None:
        world = World()
        lives: list[list[tuple[Any, ...]]] = [[]]
        for step in script:
            if step == ("restart",):
                lives.append([])
            else:
                lives[-1].append(step)
        for number, life in enumerate(lives):
            async with world.begin().running():
                if number == 0:
                    await world.create()
                for step in life:
                    await world.step(*step)
                await world.page(None, world.head, 5)
                for follower in world.followers:
                    await follower.check()

    anyio.run(play)


async def test_a_frame_is_one_object_for_all_who_get_it() -> None:
    node = Node({}, RUNTIME)
    async with node.running():
        await node.manage.create(StoredRoom(id=ROOM, name="Room"))
        sessions = [node.session(f"user-{number}") for number in range(3)]
        for session in sessions:
            await sent(session)
            await node.join(session, ROOM)
            node.join.release(session, ROOM)
        await node.publish(ROOM, "note", 1, sender="ada")
        frames = [await session.outbox.next() for session in sessions]
        assert isinstance(frames[0], Frame)
        assert all(frame is frames[0] for frame in frames)
