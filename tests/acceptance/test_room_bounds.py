"""Rooms made at run time are bounded: those of a user, all of them, and what one of them holds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from ..support.server_process import DIALOGUE, ServerProcess
from ..support.shared_postgresql import database_with_tables
from ..support.wire_client import Message, WireClient, connected, error_paths

APP = """
from dialogue import RoomConfig, RuntimeRooms, create_dialogue, define_event

events = [define_event(name) for name in ("note", "sign")]
dialogue = create_dialogue(
    rooms={"hall": RoomConfig(name="Hall", events=events), "attic": RoomConfig(name="Attic", events=events)},
    runtime_rooms=RuntimeRooms(events=events, max_rooms=5, max_rooms_per_user=3),
)
"""
START = Callable[..., ServerProcess]


def of_few_rooms(folder: Path, settings: dict[str, str]) -> ServerProcess:
    """A server on which a user may make three rooms, and all users five."""
    (folder / "few_rooms.py").write_text(APP)
    command = [*DIALOGUE, "few_rooms:dialogue", "--port", "{port}"]
    return ServerProcess(folder, command, {"DIALOGUE_DATABASE": "sqlite:///few.db", **settings})


async def make(client: WireClient, *room_ids: str) -> list[Message]:
    """Ask for rooms, all in flight together."""
    sent = [await client.send("createRoom", room={"id": room_id, "name": "n"}) for room_id in room_ids]
    return await client.answers(sent)


def made(answers: list[Message]) -> list[str]:
    """The rooms that were made."""
    return [answer["room"]["id"] for answer in answers if answer["type"] == "roomCreated"]


def refusals(answers: list[Message]) -> set[tuple[str, str]]:
    """How the others were refused."""
    return {(answer["code"], answer["message"]) for answer in answers if answer["type"] == "error"}


OWN_LIMIT = ("FORBIDDEN", "You have already made as many rooms as are allowed (3)")
LIMIT_OF_ALL = ("FORBIDDEN", "There are already as many rooms as are allowed (5)")


async def test_a_user_past_its_number_is_refused_with_the_number_over_all_its_connections(new_server: START) -> None:
    server = new_server(of_few_rooms)
    async with connected(server.ws, "ada") as one, connected(server.ws, "ada") as other:
        sent = [
            (client, await client.send("createRoom", room={"id": f"{place}-{number}", "name": "n"}))
            for number in range(4)
            for place, client in enumerate((one, other))
        ]
        answers = [await client.answer(request) for client, request in sent]
        assert len(made(answers)) == 3
        assert refusals(answers) == {OWN_LIMIT}
        async with connected(server.ws, "bob") as bob:
            assert made(await make(bob, "bob's")) == ["bob's"]


async def test_past_all_rooms_nobody_makes_one_until_one_is_deleted_also_after_a_restart(new_server: START) -> None:
    server = new_server(of_few_rooms)
    async with connected(server.ws, "ada") as ada, connected(server.ws, "bob") as bob:
        assert len(made(await make(ada, "a", "b", "c"))) == 3
        answers = await make(bob, "d", "e", "f")
        assert (made(answers), refusals(answers)) == (["d", "e"], {LIMIT_OF_ALL})
    assert server.stop() == 0
    server.start()
    async with connected(server.ws, "ada") as ada, connected(server.ws, "cleo") as cleo:
        assert refusals(await make(cleo, "g")) == {LIMIT_OF_ALL}
        await ada.ask("deleteRoom", roomId="a")
        assert made(await make(cleo, "g")) == ["g"]
        assert refusals(await make(cleo, "h")) == {LIMIT_OF_ALL}


async def test_of_all_who_make_rooms_on_two_nodes_at_once_exactly_as_many_do_as_are_allowed(
    new_server: START,
) -> None:
    """Over one PostgreSQL; three times, as all are deleted in between."""
    with database_with_tables() as url:
        nodes = [new_server(of_few_rooms, database=url, node_id=name, limit_rooms="1000/second") for name in "ab"]
        users = [f"user-{number}" for number in range(4)]
        async with AsyncExitStack() as connections:
            clients = [
                (await connections.enter_async_context(connected(node.ws, user)), f"{node_id} {user}")
                for node_id, node in zip("ab", nodes, strict=True)
                for user in users
            ]
            for round_ in range(3):
                asked = [
                    (client, await client.send("createRoom", room={"id": f"{round_} {name} {number}", "name": "n"}))
                    for number in range(3)
                    for client, name in clients
                ]
                answers = [await client.answer(request) for client, request in asked]
                assert len(made(answers)) == 5
                assert refusals(answers) <= {OWN_LIMIT, LIMIT_OF_ALL}
                of_users = [room_id.split()[2] for room_id in made(answers)]
                assert max(of_users.count(user) for user in users) <= 3
                for room_id in made(answers):
                    _, node_id, user, _ = room_id.split()
                    [owner] = [client for client, name in clients if name == f"{node_id} {user}"]
                    await owner.ask("deleteRoom", roomId=room_id)


@pytest.mark.parametrize(
    ("fields", "path", "limit"),
    [
        ({"events": ["note"] * 1_001}, "room.events", "1000"),
        ({"events": ["x" * 101]}, "room.events.0", "100"),
        ({"id": "x" * 256}, "room.id", "255"),
        ({"name": "x" * 256}, "room.name", "255"),
        ({"description": "x" * 2_001}, "room.description", "2000"),
        ({"maxSize": 2**53 + 1}, "room.maxSize", str(2**53)),
    ],
)
async def test_what_one_room_may_hold_is_refused_past_its_limit_with_the_limit(
    ada: WireClient, fields: dict[str, Any], path: str, limit: str
) -> None:
    error = await ada.refused("createRoom", room={"id": "too-much", "name": "n", **fields})
    assert (error["code"], error_paths(error)) == ("INVALID_REQUEST", [path])
    assert limit in error["details"][0]["message"]
