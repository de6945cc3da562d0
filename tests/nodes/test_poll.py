"""Asking the storage what others have done, also where it cannot be asked."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pytest
from anyio import create_task_group

from dialogue.adapters.memory.room_moves import MemoryRoomMoves
from dialogue.adapters.memory.storage import MemoryStorage
from dialogue.adapters.memory.store import MemoryStore
from dialogue.domain.errors import Unavailable
from dialogue.domain.event import Event
from dialogue.domain.page import PageLimit
from dialogue.domain.ports.room_moves import Moves
from dialogue.domain.ports.room_store import StoredRoom

from .cluster import Client, Cluster, learned

pytestmark = pytest.mark.anyio


class Failing(MemoryRoomMoves):
    """Cannot be asked while it has a failure."""

    failure: Exception | None = None
    asked = 0

    async def moved(self, since: str | None) -> Moves:
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        return await super().moved(since)


def failing(store: MemoryStore, _: str) -> MemoryStorage:
    storage = MemoryStorage(store)
    storage.moves = Failing(store)
    return storage


@pytest.mark.parametrize("failure", [Unavailable("no disk"), RuntimeError("a fault")])
async def test_a_storage_that_cannot_be_asked_is_told_once_and_asked_on(
    failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "dialogue.nodes")
    async with Cluster(2, "deaf", storage_of=failing).running() as (one, other):
        moves = other.storage.moves  # type: ignore[union-attr]
        assert isinstance(moves, Failing)
        member = Client(other, "ada")
        await member.join()
        moves.failure = failure
        with pytest.raises(Unavailable):
            await other.poll.learn()
        with pytest.raises(Unavailable):
            await member.join("made elsewhere, perhaps")
        asked = moves.asked
        await one.publish("room", "message", 1, sender="eve")
        while moves.asked < asked + 3:
            with pytest.raises(Unavailable):
                await other.poll.learn()
        assert [record.message for record in caplog.records] == [
            f"what other nodes have done cannot be asked now: {failure}"
        ]
        moves.failure = None
        await member.until(lambda: member.seqs() == [1])
        await other.poll.learn()
        assert caplog.records[-1].message == "other nodes are followed again"


async def test_many_who_wait_for_the_answer_share_a_question() -> None:
    async with Cluster(2, "deaf", poll_interval_s=60, storage_of=failing).running() as (_, other):
        moves = other.storage.moves  # type: ignore[union-attr]
        assert isinstance(moves, Failing)
        asked = moves.asked
        async with create_task_group() as tasks:
            for _ in range(50):
                tasks.start_soon(other.poll.learn)
        assert moves.asked <= asked + 2


async def test_a_room_that_could_not_be_read_is_read_at_a_later_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Cluster(2, "deaf").running() as (one, other):
        member = Client(other, "ada")
        await member.join()
        source = other.storage.source  # type: ignore[union-attr]
        newer, fails = source.newer, 3

        async def flaky(room_id: str, names: Sequence[str] | None, after: int, limit: PageLimit) -> list[Event]:
            nonlocal fails
            fails -= 1
            if fails >= 0:
                raise RuntimeError("a fault of the source's own")
            return await newer(room_id, names, after, limit)

        monkeypatch.setattr(source, "newer", flaky)
        await one.publish("room", "message", 1, sender="eve")
        await member.until(lambda: member.seqs() == [1])


async def test_a_node_that_starts_knows_all_rooms() -> None:
    store = MemoryStore()
    async with Cluster(1, store=store).running() as (one,):
        await one.manage.create(StoredRoom(id="club", name="Club"))
        async with Cluster(1, store=store).running() as (other,):
            client = Client(other, "ada")
            await client.join("club")
            await learned(other, lambda: other.registry.opened("club") is not None)
            assert client.heard("RoomCreated") == []
