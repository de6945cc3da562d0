"""Rooms whose events nobody knows beforehand: names are learned from what is kept, and from nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dialogue.adapters.memory.store import MemoryStore
from dialogue.application.rooms.runtime_rooms import RuntimeRooms
from dialogue.domain.errors import EventNotAllowed, InvalidRequest
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.new_event import NewEvent
from dialogue.domain.page import Around, Offsets, PageRequest
from dialogue.domain.ports.room_store import StoredRoom
from dialogue.domain.position import Position
from dialogue.domain.room import RoomConfig

from .node import MemoryNode, sent

pytestmark = pytest.mark.anyio

READING = define_event("sensor.*", history=History(limit=2))
SIGNAL = define_event("signal.*")
MESSAGE = define_event("message", history=History(limit=2))
ROOMS = {
    "plant": RoomConfig(name="Plant", events=[MESSAGE, READING, SIGNAL], sync_history_on_join=10, max_event_names=3)
}


async def publish(node: MemoryNode, *names: str, room_id: str = "plant") -> list[int | None]:
    return [(await node.publish(room_id, name, None, sender="eve")).seq for name in names]


async def names_read(node: MemoryNode, **request: Any) -> list[str]:
    return [event.name for event in (await node.pages(PageRequest(room_id="plant", **request))).events]


async def test_names_are_merged_into_one_history_and_each_has_its_own() -> None:
    async with MemoryNode(ROOMS).running() as node:
        await publish(node, "sensor.hall", "message", "sensor.roof", "sensor.hall", "sensor.hall")
        assert await names_read(node) == ["sensor.hall", "sensor.hall", "sensor.roof", "message", "sensor.hall"]
        assert await names_read(node, event_name="sensor.hall", form=Offsets(1, 3)) == ["sensor.hall"] * 2
        _, history = await node.registry.open("plant")
        assert len(history.stream("sensor.hall").buffer) == 2, "as much stays in memory as the pattern says"


async def test_what_was_learned_is_known_again_after_a_restart() -> None:
    store = MemoryStore()
    async with MemoryNode(ROOMS, store=store).running() as node:
        await publish(node, "sensor.hall", "sensor.roof", "message")
    async with MemoryNode(ROOMS, store=store).running() as node:
        _, history = await node.registry.open("plant")
        assert history.published_names == ("message", "sensor.hall", "sensor.roof")
        assert [event.place for event in history.before(history.names, 4, 10)] == [3, 2, 1]
        assert await names_read(node) == ["message", "sensor.roof", "sensor.hall"]


async def test_what_is_asked_for_is_not_learned() -> None:
    async with MemoryNode(ROOMS).running() as node:
        await publish(node, "message")
        session = node.session()
        await node.join(session, "plant", events=["sensor.cellar"])
        assert await names_read(node, event_name="sensor.attic") == []
        around = await node.pages(PageRequest(room_id="plant", event_name="sensor.attic", form=Around(1)))
        assert (around.events, around.has_more, around.has_more_after) == ((), False, False)
        await publish(node, "signal.alarm")
        with pytest.raises(EventNotAllowed):
            await node.publish("plant", "door", None, sender="eve")
        _, history = await node.registry.open("plant")
        assert history.published_names == ("message",)


async def test_a_history_has_no_more_names_than_it_may() -> None:
    async with MemoryNode(ROOMS).running() as node:
        await publish(node, "sensor.a", "sensor.b", "sensor.c", "sensor.a")
        with pytest.raises(EventNotAllowed, match=r"'sensor\.d' would be a new name in 'plant', whose events have 3"):
            await publish(node, "sensor.d")
        with pytest.raises(EventNotAllowed, match="would be a new name"):
            await node.publish_batch("plant", [NewEvent("sensor.a", 1), NewEvent("sensor.e", 1)], sender="eve")
        assert await publish(node, "message", "sensor.c") == [5, 6]


async def test_a_signal_passes_and_nothing_is_learned_of_it() -> None:
    async with MemoryNode(ROOMS).running() as node:
        session = node.session()
        await node.join(session, "plant", events=["signal.*"])
        node.join.release(session, "plant")
        assert await publish(node, *(f"signal.{number}" for number in range(10))) == [None] * 10
        assert " ".join(sent(session)).count("signal.") == 10
        _, history = await node.registry.open("plant")
        assert history.published_names == ("message",)


async def test_who_receives_all_receives_names_that_come_later_and_recovers_them() -> None:
    async with MemoryNode(ROOMS).running() as node:
        session, chooser = node.session(), node.session("bob")
        joined = await node.join(session, "plant")
        assert joined.events == ("message", "sensor.*", "signal.*")
        node.join.release(session, "plant")
        since = (await node.join(chooser, "plant", events=["sensor.roof"])).position
        node.join.release(chooser, "plant")
        await publish(node, "sensor.hall", "sensor.roof", "message")
        assert sent(session) == ["sensor.hall:1", "sensor.roof:2", "message:3"]
        assert sent(chooser) == ["sensor.roof:2"]
        again = await node.join(session, "plant", since=since)
        assert again.recovered
        assert [event.place for event in again.history] == [3, 2, 1]
        again = await node.join(chooser, "plant", events=["sensor.roof"], since=since)
        assert again.recovered
        assert [event.place for event in again.history] == [2]


async def test_names_of_which_nothing_came_recover_to_nothing() -> None:
    async with MemoryNode(ROOMS).running() as node:
        await publish(node, "message")
        _, history = await node.registry.open("plant")
        joined = await node.join(
            node.session(), "plant", events=["sensor.roof"], since=Position(epoch=history.epoch, seq=0)
        )
        assert (joined.recovered, joined.history, joined.has_more) == (True, (), False)


async def test_subscriptions_change_by_names_and_by_patterns() -> None:
    async with MemoryNode(ROOMS).running() as node:
        session = node.session()
        await node.join(session, "plant", events=["message"])
        node.join.release(session, "plant")
        assert node.join.subscribe(session, "plant", ["sensor.*"]) == ["message", "sensor.*"]
        await publish(node, "sensor.hall", "message")
        assert node.join.unsubscribe(session, "plant", ["message"]) == ["sensor.*"]
        with pytest.raises(InvalidRequest, match="unsubscribe from that"):
            node.join.unsubscribe(session, "plant", ["sensor.hall"])
        assert node.join.unsubscribe(session, "plant", ["sensor.*"]) == []
        await publish(node, "sensor.hall", "message")
        assert sent(session) == ["sensor.hall:1", "message:2"]


async def test_redactions_reach_whoever_receives_some_names_alone() -> None:
    async with MemoryNode(ROOMS).running() as node:
        session = node.session()
        await node.join(session, "plant", events=["sensor.*"])
        node.join.release(session, "plant")
        await publish(node, "sensor.hall")
        await node.redact("plant", 1, by="mod")
        assert sent(session) == ["sensor.hall:1", "dialogue.redacted:2"]
        [_, event] = (await node.pages(PageRequest(room_id="plant"))).events
        assert event.is_redacted


async def test_names_that_another_node_kept_are_taken_up() -> None:
    store = MemoryStore()
    async with MemoryNode(ROOMS, store=store).running() as node, MemoryNode(ROOMS, store=store).running() as other:
        session = node.session()
        await node.join(session, "plant")
        node.join.release(session, "plant")
        await publish(other, "sensor.hall", "signal.alarm", "sensor.roof")
        await node.apply.look("plant")
        assert sent(session) == ["sensor.hall:1 sensor.roof:2"]
        assert await names_read(node, event_name="sensor.roof") == ["sensor.roof"]


async def test_retention_is_that_of_the_pattern_also_of_rooms_that_are_not_open() -> None:
    kept = replace(ROOMS["plant"], events=[define_event("*", history=History(limit=2, max_events=1))])
    store = MemoryStore()
    async with MemoryNode({"plant": kept}, store=store).running() as node:
        await publish(node, "a", "b", "a", "a")
        await node.sweeper.sweep()
        assert await names_read(node) == ["a", "b"]
        await publish(node, "b")
    async with MemoryNode({"plant": kept}, store=store).running() as node:
        await node.sweeper.sweep()
        assert await names_read(node) == ["b", "a"]


async def test_rooms_made_at_run_time_take_the_patterns_that_are_offered_and_no_names_in_their_place() -> None:
    runtime = RuntimeRooms(events=[MESSAGE, READING])
    async with MemoryNode({}, runtime=runtime).running() as node:
        await node.manage.create(StoredRoom(id="lab", name="Lab", event_names=("sensor.*",)))
        await publish(node, "sensor.hall", room_id="lab")
        with pytest.raises(EventNotAllowed):
            await publish(node, "message", room_id="lab")
        with pytest.raises(EventNotAllowed, match=r"allowed: message, sensor\.\*"):
            await node.manage.create(StoredRoom(id="hall", name="Hall", event_names=("sensor.hall",)))
