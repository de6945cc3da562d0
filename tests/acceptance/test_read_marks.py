"""Read marks over the real server: who is answered, who is told, and what is still there after a restart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from anyio import to_thread

from ..support.server_process import ServerProcess
from ..support.wire_client import WireClient, connected, error_paths
from .conftest import NUMBERS, Connect


async def unread(client: WireClient, room: str) -> int | None:
    """What `listRooms` says of the room."""
    rooms: list[dict[str, Any]] = (await client.ask("listRooms", limit=1_000))["rooms"]
    return next(each for each in rooms if each["id"] == room).get("unread")


async def test_a_mark_is_answered_with_what_others_have_sent_since(ada: WireClient, bob: WireClient, room: str) -> None:
    await ada.join(room)
    await bob.join(room)
    await bob.publish(room, 7)
    await bob.publish(room, 3, "note")
    assert await unread(ada, room) is None
    request = await ada.send("markRead", roomId=room, seq=4)
    assert await ada.answer(request) == {"type": "marked", "id": request, "roomId": room, "seq": 4, "unread": 6}
    assert await unread(ada, room) == 6
    await bob.trigger(room)
    await ada.trigger(room)
    await bob.trigger(room, "typing", True)
    assert await unread(ada, room) == 7
    assert (await ada.ask("markRead", roomId=room, seq=10))["unread"] == 1
    assert (await ada.ask("markRead", roomId=room, seq=12))["unread"] == 0


async def test_a_mark_never_moves_back(ada: WireClient, bob: WireClient, room: str) -> None:
    await ada.join(room)
    await bob.join(room)
    await bob.publish(room, 5)
    await ada.ask("markRead", roomId=room, seq=4)
    answer = await ada.ask("markRead", roomId=room, seq=1)
    assert (answer["seq"], answer["unread"]) == (4, 1)


async def test_the_users_other_sessions_are_told_and_nobody_else(connect: Connect, bob: WireClient, room: str) -> None:
    user = f"carol-{next(NUMBERS)}"
    phone, laptop = await connect(user), await connect(user)
    for client in (phone, bob):
        await client.join(room)
    await bob.publish(room, 3)
    await phone.ask("markRead", roomId=room, seq=2)
    assert await laptop.pushed("marked") == {"type": "marked", "roomId": room, "seq": 2, "unread": 1}
    for client in (phone, bob):
        assert "marked" not in [frame["type"] for frame in await client.settle()]
    assert await unread(laptop, room) == 1
    assert await unread(bob, room) is None


async def test_only_members_may_mark(ada: WireClient, bob: WireClient, room: str) -> None:
    await ada.join(room)
    await ada.trigger(room)
    assert (await bob.refused("markRead", roomId=room, seq=1))["code"] == "NOT_JOINED"
    assert (await bob.refused("markRead", roomId="nowhere", seq=0))["code"] == "NOT_JOINED"
    assert await unread(bob, room) is None


async def test_a_seq_beyond_the_head_is_unknown(ada: WireClient, room: str) -> None:
    epoch = (await ada.join(room))["position"]["epoch"]
    await ada.trigger(room)
    error = await ada.refused("markRead", roomId=room, seq=2)
    assert error["code"] == "POSITION_UNKNOWN"
    assert error["details"] == {"epoch": epoch, "floor": 0, "head": 1}
    assert await unread(ada, room) is None


@pytest.mark.parametrize("seq", [None, -1, 1.5, "1", True, 2**53 + 1])
async def test_a_seq_that_is_none_is_refused(ada: WireClient, room: str, seq: object) -> None:
    await ada.join(room)
    error = await ada.refused("markRead", roomId=room, seq=seq)
    assert (error["code"], error_paths(error)) == ("INVALID_REQUEST", ["seq"])


async def test_http_tells_the_caller_what_is_unread(
    server: ServerProcess, connect: Connect, bob: WireClient, room: str
) -> None:
    user = f"dora-{next(NUMBERS)}"
    client = await connect(user)
    await client.join(room)
    await bob.join(room)
    await bob.publish(room, 3)
    await client.ask("markRead", roomId=room, seq=1)
    async with httpx.AsyncClient(base_url=server.http, trust_env=False) as http:
        mine = {"X-User-Id": user}
        assert (await http.get(f"/rooms/{room}", headers=mine)).json()["unread"] == 2
        rooms = (await http.get("/rooms?limit=1000", headers=mine)).json()["rooms"]
        assert {each["id"]: each["unread"] for each in rooms if "unread" in each} == {room: 2}
        assert "unread" not in (await http.get(f"/rooms/{room}", headers={"X-User-Id": "somebody"})).json()


async def test_marks_are_there_after_a_kill(new_server: Callable[..., ServerProcess]) -> None:
    server = new_server()
    async with connected(server.ws, "ada") as ada, connected(server.ws, "bob") as bob:
        await ada.join("hall")
        await bob.join("hall")
        await bob.publish("hall", 4)
        await ada.ask("markRead", roomId="hall", seq=3)
        server.kill()
    await to_thread.run_sync(server.start)
    async with connected(server.ws, "ada") as ada, connected(server.ws, "bob") as bob:
        assert await unread(ada, "hall") == 1
        assert await unread(bob, "hall") is None
        await ada.join("hall")
        assert (await ada.ask("markRead", roomId="hall", seq=4))["unread"] == 0


async def test_the_marks_of_a_room_end_with_its_life(ada: WireClient, bob: WireClient, room: str) -> None:
    await ada.join(room)
    await ada.publish(room, 4)
    await ada.ask("markRead", roomId=room, seq=1)
    await ada.ask("deleteRoom", roomId=room)
    await ada.ask("createRoom", room={"id": room, "name": "Again"})
    assert await unread(ada, room) is None
    await ada.join(room)
    await bob.join(room)
    assert (await bob.trigger(room))["seq"] == 5
    assert (await bob.trigger(room))["seq"] == 6
    assert await unread(ada, room) is None
    assert (await ada.ask("markRead", roomId=room, seq=5))["unread"] == 1
    assert await unread(ada, room) == 1
