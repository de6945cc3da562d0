"""Rooms that are made and deleted at run time, and the list of all."""

from __future__ import annotations

from itertools import count

import pytest

from ..support.server_process import ServerProcess
from ..support.wire_client import Message, WireClient, connected, error_paths, seqs
from .conftest import NUMBERS, Connect

IDS = count(1)


def new_id() -> str:
    return f"made-{next(IDS)}"


async def all_rooms(client: WireClient, limit: int = 1_000) -> list[Message]:
    rooms: list[Message] = []
    answer = await client.ask("listRooms", limit=limit)
    rooms += answer["rooms"]
    while "cursor" in answer:
        answer = await client.ask("listRooms", limit=limit, cursor=answer["cursor"])
        rooms += answer["rooms"]
    return rooms


async def test_who_makes_a_room_is_answered_and_the_others_are_told(ada: WireClient, bob: WireClient) -> None:
    room_id = new_id()
    wanted = {"id": room_id, "name": "Räum 1", "description": "two\nlines", "maxSize": 7}
    answer = await ada.ask("createRoom", room=wanted)
    user_id = answer["room"]["createdById"]
    assert answer["type"] == "roomCreated"
    assert answer["room"] == {**wanted, "size": 0, "users": 0, "createdById": user_id}
    assert user_id.startswith("ada-")
    assert await bob.pushed("roomCreated") == {"type": "roomCreated", "room": answer["room"]}
    assert "roomCreated" not in [frame["type"] for frame in await ada.settle()]


async def test_a_new_room_takes_all_events_or_those_named(ada: WireClient) -> None:
    everything, some = new_id(), new_id()
    await ada.ask("createRoom", room={"id": everything, "name": "n"})
    await ada.ask("createRoom", room={"id": some, "name": "n", "events": ["rare", "message"]})
    assert (await ada.join(everything))["events"] == ["message", "note", "rare", "typing"]
    assert set((await ada.join(some))["events"]) == {"rare", "message"}
    assert (await ada.refused("trigger", roomId=some, event="note", data=1))["code"] == "EVENT_NOT_ALLOWED"


async def test_a_room_that_is_there_exists(ada: WireClient, room: str) -> None:
    for room_id in (room, "hall"):
        assert (await ada.refused("createRoom", room={"id": room_id, "name": "n"}))["code"] == "ROOM_EXISTS"


@pytest.mark.parametrize(
    ("room", "path"),
    [
        (None, "room"),
        (7, "room"),
        ({"name": "n"}, "room.id"),
        ({"id": "", "name": "n"}, "room.id"),
        ({"id": " a", "name": "n"}, "room.id"),
        ({"id": "a\n", "name": "n"}, "room.id"),
        ({"id": "x" * 256, "name": "n"}, "room.id"),
        ({"id": 7, "name": "n"}, "room.id"),
        ({"id": "x"}, "room.name"),
        ({"id": "x", "name": ""}, "room.name"),
        ({"id": "x", "name": "a\0b"}, "room.name"),
        ({"id": "x", "name": "x" * 256}, "room.name"),
        ({"id": "x", "name": "n", "description": 7}, "room.description"),
        ({"id": "x", "name": "n", "description": "x" * 2_001}, "room.description"),
        ({"id": "x", "name": "n", "maxSize": 0}, "room.maxSize"),
        ({"id": "x", "name": "n", "maxSize": "7"}, "room.maxSize"),
        ({"id": "x", "name": "n", "maxSize": 1.5}, "room.maxSize"),
        ({"id": "x", "name": "n", "events": []}, "room.events"),
        ({"id": "x", "name": "n", "events": "message"}, "room.events"),
        ({"id": "x", "name": "n", "events": [7]}, "room.events.0"),
        ({"id": "x", "name": "n", "events": ["message", "shout"]}, "room.events"),
    ],
)
async def test_a_room_that_cannot_be_is_refused_with_the_field(ada: WireClient, room: object, path: str) -> None:
    error = await ada.refused("createRoom", room=room)
    assert (error["code"], error_paths(error)) == ("INVALID_REQUEST", [path])


async def test_a_user_makes_only_so_many_rooms(ada: WireClient) -> None:
    made = [new_id() for _ in range(3)]
    for room_id in made:
        await ada.ask("createRoom", room={"id": room_id, "name": "n"})
    assert (await ada.refused("createRoom", room={"id": new_id(), "name": "n"}))["code"] == "FORBIDDEN"
    await ada.ask("deleteRoom", roomId=made[0])
    await ada.ask("createRoom", room={"id": new_id(), "name": "n"})


async def test_deleting_takes_the_members_out_and_tells_everyone(
    ada: WireClient, bob: WireClient, connect: Connect, room: str
) -> None:
    visitor = await connect()
    await ada.join(room)
    await bob.join(room)
    answer = await ada.ask("deleteRoom", roomId=room)
    assert {**answer, "id": 0} == {"type": "roomDeleted", "id": 0, "roomId": room}
    left = await bob.pushed("left")
    assert left == {"type": "left", "roomId": room, "reason": "the room was deleted"}
    for client in (bob, visitor):
        while (await client.pushed("roomDeleted"))["roomId"] != room:
            pass
    kinds = [frame["type"] for frame in bob.frames if frame.get("roomId") == room]
    assert kinds == ["joined", "left", "roomDeleted"]
    assert "left" not in [frame["type"] for frame in ada.frames]  # the answer is all that who deleted it is told
    for client in (ada, bob):
        assert (await client.refused("trigger", roomId=room, event="note", data=1))["code"] == "NOT_JOINED"
        assert (await client.refused("join", roomId=room))["code"] == "ROOM_NOT_FOUND"


async def test_only_who_made_a_room_may_delete_it(ada: WireClient, bob: WireClient, room: str) -> None:
    assert (await bob.refused("deleteRoom", roomId=room))["code"] == "FORBIDDEN"
    assert (await ada.refused("deleteRoom", roomId="hall"))["code"] == "FORBIDDEN"
    assert (await ada.refused("deleteRoom", roomId="nowhere"))["code"] == "ROOM_NOT_FOUND"
    assert (await ada.refused("deleteRoom"))["code"] == "INVALID_REQUEST"
    assert (await bob.join(room))["type"] == "joined"


async def test_a_room_made_again_has_a_new_epoch_and_its_seqs_go_on(ada: WireClient, bob: WireClient) -> None:
    room = new_id()
    await ada.ask("createRoom", room={"id": room, "name": "n"})
    old = (await ada.join(room))["position"]["epoch"]
    await ada.publish(room, 20)
    await ada.ask("deleteRoom", roomId=room)
    await bob.ask("createRoom", room={"id": room, "name": "again"})
    joined = await ada.join(room, since={"epoch": old, "seq": 20})
    assert joined["position"]["seq"] == 20
    assert joined["position"]["epoch"] != old
    assert (joined["history"], joined["hasMore"], joined["recovered"]) == ([], False, False)
    assert (await ada.trigger(room))["seq"] == 21
    for fields in ({}, {"before": 22}, {"after": 20}, {"around": 21}, {"beforeTime": 2**53}):
        assert seqs((await ada.page(room, **fields))["events"]) == [21], fields
    assert (await ada.page(room, event="message", start=0, end=5))["hasMore"] is False
    assert (await ada.page(room, before=5))["events"] == []
    for fields in ({"after": 19}, {"around": 3}, {"epoch": old}):
        error = await ada.refused("getHistory", roomId=room, **fields)
        assert error["code"] == "POSITION_UNKNOWN"
        assert error["details"] == {"epoch": joined["position"]["epoch"], "floor": 20, "head": 21}


async def test_list_rooms_tells_size_and_all_fields(ada: WireClient, bob: WireClient, room: str) -> None:
    await ada.join(room)
    await bob.join(room)
    rooms = {each["id"]: each for each in await all_rooms(ada)}
    assert (rooms[room]["size"], rooms[room]["users"]) == (2, 2)
    assert {"id", "name", "size", "users", "createdById"} == rooms[room].keys()
    assert {**rooms["hall"], "size": 0, "users": 0} == {
        "id": "hall",
        "name": "The Hall",
        "description": "For everyone",
        "size": 0,
        "users": 0,
    }
    assert rooms["small"]["maxSize"] == 2


async def test_list_rooms_pages_by_cursor_through_all_rooms_in_order(ada: WireClient, room: str) -> None:
    whole = [each["id"] for each in await all_rooms(ada)]
    assert whole == sorted(whole)
    assert room in whole
    assert [each["id"] for each in await all_rooms(ada, limit=2)] == whole
    answer = await ada.ask("listRooms", limit=1_000)
    assert "cursor" not in answer
    assert answer["mayCreate"] is True
    assert (await ada.ask("listRooms", cursor="zzzz"))["rooms"] == []


@pytest.mark.parametrize("fields", [{"limit": 0}, {"limit": 1_001}, {"limit": "5"}, {"cursor": 7}])
async def test_list_rooms_refuses_what_it_cannot_read(ada: WireClient, fields: dict[str, object]) -> None:
    error = await ada.refused("listRooms", **fields)
    assert (error["code"], error_paths(error)) == ("INVALID_REQUEST", list(fields))


async def test_a_list_of_rooms_too_large_for_a_frame_is_cut_with_a_cursor(ada: WireClient, connect: Connect) -> None:
    description = "€" * 2_000
    made = []
    for _ in range(70):
        user = await connect(f"maker-{next(NUMBERS)}")
        for _ in range(3):
            made.append(new_id())
            await user.ask("createRoom", room={"id": made[-1], "name": "n", "description": description})
        await user.socket.close()
    answer = await ada.ask("listRooms", limit=1_000)
    assert "cursor" in answer
    assert set(made) <= {each["id"] for each in await all_rooms(ada)}


async def test_members_are_told_how_many_they_are_and_of_how_many_users(server: ServerProcess) -> None:
    async with connected(server.ws, "ada") as ada, connected(server.ws, "bob") as bob:
        room = (await ada.ask("createRoom", room={"id": "counted", "name": "Counted"}))["room"]["id"]
        await ada.join(room)
        await bob.join(room)
        async with connected(server.ws, "bob") as again:
            await again.join(room)
            while (told := await ada.pushed("roomSize", room))["size"] < 3:
                pass
            assert told == {"type": "roomSize", "roomId": room, "size": 3, "users": 2}
        while (told := await ada.pushed("roomSize", room))["size"] > 2:
            pass
        assert told["users"] == 2
