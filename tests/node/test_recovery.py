"""A client that comes back goes on where it was, in all its rooms, or is told that it does not; nothing in between."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest
from anyio import create_task_group
from anyio.lowlevel import checkpoint

from ..support.cutting_proxy import CuttingProxy, Fate, cutting_proxy
from ..support.server_process import ServerProcess
from ..support.wire_client import WireClient, connected
from .conftest import NUMBERS
from .node_clients import VERSIONS, WAYS, NodeClients
from .raw_packets import RawSocket, raw_polling, raw_socket

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def rooms_of(server: ServerProcess, amount: int = 1) -> AsyncIterator[tuple[WireClient, list[str]]]:
    """Somebody who publishes, in new rooms."""
    async with connected(server.ws, f"wire-{next(NUMBERS)}") as wire:
        rooms = [f"room-{next(NUMBERS)}" for _ in range(amount)]
        for room_id in rooms:
            await wire.ask("createRoom", room={"id": room_id, "name": "A Room"})
            await wire.join(room_id)
        yield wire, rooms


@pytest.fixture
async def proxy(server: ServerProcess) -> AsyncIterator[CuttingProxy]:
    async with cutting_proxy(server.port) as proxy:
        yield proxy


def address(proxy: CuttingProxy) -> str:
    return f"http://127.0.0.1:{proxy.port}"


@pytest.mark.parametrize("way", WAYS)
async def test_what_was_missed_of_all_rooms_comes_in_order_after_the_connection_was_cut(
    server: ServerProcess, proxy: CuttingProxy, clients: NodeClients, user: str, way: str
) -> None:
    async with rooms_of(server, 3) as (wire, rooms):
        ada = await clients.open(address(proxy), user, ways=WAYS[way])
        assert (await ada.happens("connect"))["recovered"] is False
        for room_id in rooms:
            await ada.join(room_id)
        for room_id in rooms:
            await wire.publish(room_id, 3)
        await ada.events(9)
        proxy.refuses = True
        proxy.cut()
        await ada.happens("disconnect")
        for room_id in rooms:
            await wire.publish(room_id, 4)
        proxy.refuses = False
        assert (await ada.happens("connect"))["recovered"] is True
        missed = await ada.events(12)
        for room_id in rooms:
            assert [event["seq"] for event in missed if event["roomId"] == room_id] == [4, 5, 6, 7]
        for room_id in rooms:
            await wire.publish(room_id, 1)
        assert {event["seq"] for event in await ada.events(3)} == {8}
        assert len(ada.all_events) == 24
        joins = [each for each in ada.heard if each.get("event") == "dialogue:joined"]
        assert len(joins) == 3


async def test_who_comes_back_before_the_server_knows_takes_the_session_over(
    server: ServerProcess, proxy: CuttingProxy, clients: NodeClients, user: str
) -> None:
    """Where others keep a session only once they have noticed its end."""
    async with rooms_of(server) as (wire, (room_id,)):
        ada = await clients.open(address(proxy), user)
        await ada.join(room_id)
        await wire.publish(room_id, 1)
        await ada.events(1)
        proxy.decide = lambda _sent: Fate.UNANSWERED
        await ada.emit("listRooms")
        await ada.happens("disconnect")
        proxy.decide = lambda _sent: Fate.PASSED
        await wire.publish(room_id, 2)
        await ada.happens("connect")
        assert (await ada.happens("connect"))["recovered"] is True
        assert [event["seq"] for event in await ada.events(2)] == [2, 3]
        sizes = {room["id"]: room["size"] for room in (await wire.ask("listRooms", limit=1000))["rooms"]}
        assert sizes[room_id] == 2


@pytest.mark.parametrize("way", WAYS)
async def test_after_a_kill_of_the_server_nobody_is_told_that_nothing_was_missed(
    new_server: Callable[..., ServerProcess], clients: NodeClients, user: str, way: str
) -> None:
    server = new_server()
    ada = await clients.open(server.http, user, ways=WAYS[way])
    await ada.join("hall")
    await ada.trigger("hall", "kept")
    await ada.events(1)
    server.kill()
    await ada.happens("disconnect")
    server.start()
    await ada.happens("connect")
    assert (await ada.happens("connect"))["recovered"] is False
    await ada.emit("join", roomId="hall")
    assert [event["data"]["text"] for event in (await ada.told("history"))["events"]] == ["kept"]
    assert (await ada.trigger("hall", "next"))["seq"] == 2


@pytest.mark.parametrize("version", VERSIONS[1:])
async def test_clients_from_before_recovery_connect_again_and_join_anew(
    server: ServerProcess, proxy: CuttingProxy, clients: NodeClients, user: str, version: str
) -> None:
    async with rooms_of(server) as (wire, (room_id,)):
        ada = await clients.open(address(proxy), user, version=version)
        await ada.join(room_id)
        await wire.publish(room_id, 2)
        await ada.events(2)
        proxy.cut()
        await ada.happens("disconnect")
        await ada.told("connected")
        await ada.join(room_id)
        history = await ada.told("history")
        assert [event["seq"] for event in history["events"]] == [2, 1]
        await wire.publish(room_id, 1)
        assert [event["seq"] for event in await ada.events(1)] == [3]


async def test_a_server_that_stops_tells_its_clients_which_then_come_to_the_next_one(
    new_server: Callable[..., ServerProcess], clients: NodeClients, user: str
) -> None:
    server = new_server()
    on_each_way = [await clients.open(server.http, f"{user}-{way}", ways=WAYS[way]) for way in WAYS]
    await on_each_way[-1].happens("upgrade")
    assert server.stop() == 0
    for client in on_each_way:
        error = await client.told("error")
        assert (error["code"], error["closeCode"]) == ("CLOSED", 1001)
        assert (await client.happens("disconnect"))["reason"] in ("transport close", "transport error")
    server.start()
    for client in on_each_way:
        await client.told("connected")


async def test_recovery_can_be_switched_off(
    new_server: Callable[..., ServerProcess], clients: NodeClients, user: str
) -> None:
    server = new_server(keep_session_s=0)
    async with cutting_proxy(server.port) as proxy:
        ada = await clients.open(address(proxy), user)
        await ada.happens("connect")
        await ada.join("hall")
        proxy.cut()
        assert (await ada.happens("connect"))["recovered"] is False
        assert len((await ada.event("connected"))["args"]) == 1


async def test_a_client_that_is_cut_off_again_and_again_misses_nothing_and_gets_nothing_twice(
    new_server: Callable[..., ServerProcess], clients: NodeClients, user: str
) -> None:
    """Cut at any moment, by chance, while others publish.

    A client that is cut while it changes to its WebSocket stands still until it misses the server's pings.
    """
    server = new_server(heartbeat_s=1, heartbeat_timeout_s=1)
    chance = Random(7)
    async with cutting_proxy(server.port) as proxy, rooms_of(server, 2) as (wire, rooms):
        on_each_way = [await clients.open(address(proxy), f"{user}-{way}", ways=WAYS[way]) for way in WAYS]
        for client in on_each_way:
            for room_id in rooms:
                await client.join(room_id)
        for _ in range(20):
            for room_id in rooms:
                await wire.publish(room_id, chance.randrange(1, 25))
            for _ in range(chance.randrange(40)):
                await checkpoint()
            proxy.cut()
        last = {room_id: (await wire.trigger(room_id))["seq"] for room_id in rooms}
        for client in on_each_way:
            seen: dict[str, list[int]] = {room_id: [] for room_id in rooms}
            while any(len(seen[room_id]) < last[room_id] for room_id in rooms):
                event = await client.told("event")
                seen[event["roomId"]].append(event["seq"])
            assert seen == {room_id: list(range(1, last[room_id] + 1)) for room_id in rooms}
            connects = [each["recovered"] for each in client.heard if each["on"] == "connect"]
            assert connects[0] is False
            assert len(connects) > 1
            assert all(connects[1:])


# --- Packets by hand


async def back(raw: RawSocket, user: str, pid: str | None, offset: object) -> bool:
    """Come back so; whether that was the same session."""
    said = {"userId": user, "pid": pid, "offset": offset}
    answer = await raw.connect(**{name: value for name, value in said.items() if value is not None})
    assert answer["pid"] not in (None, "")
    return bool(answer["pid"] == pid)


@asynccontextmanager
async def one_who_was_there(server: ServerProcess, user: str, room_id: str) -> AsyncIterator[RawSocket]:
    """Somebody who has been in the room, and has gone without a word."""
    async with raw_socket(server.http) as raw:
        await raw.connect(userId=user)
        await raw.emit("join", roomId=room_id)
        await raw.told("joined")
    yield raw


async def test_another_user_cannot_take_a_session(server: ServerProcess, user: str) -> None:
    async with rooms_of(server) as (wire, (room_id,)), one_who_was_there(server, user, room_id) as ada:
        await wire.publish(room_id, 1)
        async with raw_socket(server.http) as eve:
            assert await back(eve, f"{user}-eve", ada.pid, ada.offset) is False
            await eve.emit("leave", roomId=room_id)
            assert (await eve.told("error"))["code"] == "NOT_JOINED"
        async with raw_socket(server.http) as again:
            assert await back(again, user, ada.pid, ada.offset) is True
            assert (await again.told("event"))["seq"] == 1


async def test_another_user_cannot_end_a_connection_by_its_name(server: ServerProcess, user: str) -> None:
    async with raw_socket(server.http) as ada, raw_socket(server.http) as eve:
        await ada.connect(userId=user)
        assert await back(eve, f"{user}-eve", ada.pid, ada.offset) is False
        await ada.emit("join", roomId="hall")
        await ada.told("joined")


@pytest.mark.parametrize("offset", [None, "", "0", "0-1", "later", 5, True, {"seq": 1}], ids=repr)
async def test_an_offset_that_was_never_given_recovers_nothing(
    server: ServerProcess, user: str, offset: object
) -> None:
    async with rooms_of(server) as (_, (room_id,)), one_who_was_there(server, user, room_id) as ada:
        known = ada.offset
        assert known is not None
        life, _, number = known.partition("-")
        given = f"{life}-{int(number) + 100}" if offset == "later" else offset
        async with raw_socket(server.http) as again:
            was_same = await back(again, user, ada.pid, given)
            # Without any offset it says that it has read nothing: then it is told all of it again.
            assert was_same is (offset is None)
            if was_same:
                assert (await again.told("joined"))["roomId"] == room_id


async def test_a_session_is_recovered_once(server: ServerProcess, user: str) -> None:
    async with rooms_of(server) as (_, (room_id,)), one_who_was_there(server, user, room_id) as ada:
        async with raw_socket(server.http) as again:
            assert await back(again, user, ada.pid, ada.offset) is True
            await again.say("41")
            await again.socket.wait_closed()
        async with raw_socket(server.http) as third:
            assert await back(third, user, ada.pid, ada.offset) is False


async def test_what_was_answered_and_not_read_is_answered_again(server: ServerProcess, user: str) -> None:
    """A join whose answer was lost, its history, and what happened since; each once."""
    async with rooms_of(server) as (wire, (room_id,)):
        await wire.publish(room_id, 2)
        async with raw_socket(server.http) as ada:
            await ada.connect(userId=user)
            read = ada.offset
            await ada.emit("join", roomId=room_id)
            await ada.told("history")
        await wire.publish(room_id, 2)
        async with raw_socket(server.http) as again:
            assert await back(again, user, ada.pid, read) is True
            assert (await again.event())[0] == "dialogue:joined"
            name, history = await again.event()
            assert name == "dialogue:history"
            assert [event["seq"] for event in history["events"]] == [2, 1]
            assert [(await again.event())[1]["seq"] for _ in range(2)] == [3, 4]
            await again.emit("leave", roomId=room_id)
            await again.told("left")  # and that its own user came, before or behind it


async def test_subscriptions_are_as_they_were(server: ServerProcess, user: str) -> None:
    async with rooms_of(server) as (wire, (room_id,)):
        async with raw_socket(server.http) as ada:
            await ada.connect(userId=user)
            await ada.emit("join", roomId=room_id)
            await ada.emit("unsubscribe", roomId=room_id, eventName="note")
            await ada.emit("leave", roomId="nowhere")
            await ada.told("error")
        for event in ("note", "message", "note", "message"):
            await wire.trigger(room_id, event)
        async with raw_socket(server.http) as again:
            assert await back(again, user, ada.pid, ada.offset) is True
            assert [(await again.told("event"))["seq"] for _ in range(2)] == [2, 4]
            await wire.trigger(room_id, "note")
            await wire.trigger(room_id)
            assert (await again.told("event"))["seq"] == 6


async def too_much(wire: WireClient, room_id: str) -> None:
    await wire.publish(room_id, 1_001, "note")


async def end_of_the_room(wire: WireClient, room_id: str) -> None:
    await wire.ask("deleteRoom", roomId=room_id)


async def another_room_of_that_name(wire: WireClient, room_id: str) -> None:
    await wire.ask("deleteRoom", roomId=room_id)
    await wire.ask("createRoom", room={"id": room_id, "name": "Another"})


@pytest.mark.parametrize("meanwhile", [too_much, end_of_the_room, another_room_of_that_name])
async def test_where_one_room_cannot_go_on_none_does(server: ServerProcess, user: str, meanwhile: Any) -> None:
    async with rooms_of(server, 2) as (wire, (room_id, other)):
        async with raw_socket(server.http) as ada:
            await ada.connect(userId=user)
            for each in (other, room_id):
                await ada.emit("join", roomId=each)
                await ada.told("joined")
        await meanwhile(wire, room_id)
        await wire.publish(other, 1)
        async with raw_socket(server.http) as again:
            assert await back(again, user, ada.pid, ada.offset) is False
            await again.emit("leave", roomId=other)
            assert (await again.told("error"))["code"] == "NOT_JOINED"


async def test_the_oldest_sessions_are_forgotten_where_there_are_too_many(
    new_server: Callable[..., ServerProcess], user: str
) -> None:
    server = new_server(max_kept_sessions=2)
    gone: list[RawSocket] = []
    for number in range(3):
        async with one_who_was_there(server, f"{user}-{number}", "hall") as one:
            gone.append(one)
    found = []
    for number, one in enumerate(gone):
        async with raw_socket(server.http) as again, create_task_group():
            found.append(await back(again, f"{user}-{number}", one.pid, one.offset))
            await again.say("41")
    assert found == [False, True, True]


async def test_a_client_that_was_too_slow_comes_back_for_what_it_missed(
    new_server: Callable[..., ServerProcess], user: str
) -> None:
    """It reads nothing until it is closed with 4413, of which its newest offset must not speak."""
    server = new_server(max_frame=16_384, max_out_frame=65_536, max_backlog_bytes=131_072)
    async with raw_polling(server.http) as slow, rooms_of(server) as (wire, (room_id,)):
        await slow.open()
        await slow.post(f'40{{"userId":"{user}"}}')
        connected_as = json.loads((await slow.until("40"))[2:])
        await slow.post(f'42["dialogue:join",{{"roomId":"{room_id}"}}]')
        await slow.until('42["dialogue:joined"')
        await wire.publish(room_id, 200, padding="x" * 1_900)  # it may fetch its end for some seconds, so no more
        seqs, offset = [], None
        while (packets := await slow.poll()) != ["1"]:
            for packet in packets:
                name, *said = json.loads(packet[2:])
                if name == "dialogue:event":
                    seqs.append(said[0]["seq"])
                    offset = said[1]
                else:
                    assert said == [{"code": "CLOSED", "message": said[0]["message"], "closeCode": 4413}]
        assert seqs == list(range(1, len(seqs) + 1))
        assert 0 < len(seqs) < 200
        await wire.publish(room_id, 1)
        async with raw_socket(server.http) as again:
            # More than half a backlog is too much at once: it starts over. Nothing is ever claimed that is not so.
            assert await back(again, user, connected_as["pid"], offset) is False
