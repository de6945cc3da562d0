"""What the application does with its users, as they see it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from ..support.event_source import streaming
from ..support.server_process import ServerProcess
from ..support.wire_client import WireClient, connected


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The application of `people_app.py`, running."""
    server = ServerProcess.of_app(tmp_path_factory.mktemp("yard"), Path(__file__).parent / "people_app.py")
    yield server.start()
    server.kill()


@pytest.fixture
async def people(yard: ServerProcess) -> AsyncIterator[list[WireClient]]:
    """Ada, Bob, and Bob once more, all in the yard."""
    async with AsyncExitStack() as connections:
        clients = [await connections.enter_async_context(connected(yard.ws, user)) for user in ("ada", "bob", "bob")]
        for client in clients:
            await client.join("yard")
        yield clients


async def order(ada: WireClient, what: str, user: str = "bob") -> Any:
    """Have the application do something, and give back what came of it."""
    await ada.trigger("yard", "order", {"do": what, "user": user})
    while True:
        for event in await ada.events(1, "yard"):
            if event["event"] == "whisper" and "came" in event["data"]:
                return event["data"]["came"]


async def test_it_finds_its_users(people: list[WireClient]) -> None:
    ada, bob, _ = people
    await bob.join("shed")
    assert await order(ada, "where") == {"clients": 2, "rooms": ["yard", "shed"], "isInYard": True}
    assert await order(ada, "where", "eve") == {"clients": 0, "rooms": [], "isInYard": False}


async def test_one_client_alone_gets_what_is_sent_to_it(people: list[WireClient]) -> None:
    ada, first, second = people
    assert await order(ada, "whisper") is True
    heard = {client: [each for f in await client.settle() for each in f.get("events", [])] for client in people}
    whispered = [[event["data"] for event in heard[client] if event["data"].get("text")] for client in people]
    assert whispered == [[], [{"text": "psst"}], []]
    [event] = [event for event in heard[first] if event["data"].get("text")]
    assert (event["from"], event["roomId"], "seq" in event) == ("ada", "yard", False)
    await first.ask("unsubscribe", roomId="yard", events=["whisper"])
    assert await order(ada, "whisper") is False
    assert second.frames[-1]["type"] != "error"


async def test_it_takes_a_user_out_of_a_room(people: list[WireClient]) -> None:
    ada, *bobs = people
    await order(ada, "remove")
    for bob in bobs:
        assert await bob.pushed("left", "yard") == {"type": "left", "roomId": "yard", "reason": "not here"}
        assert (await bob.refused("getHistory", roomId="yard"))["code"] == "NOT_JOINED"
        await bob.join("yard")
    assert await order(ada, "where") == {"clients": 2, "rooms": ["yard"], "isInYard": True}


async def test_it_takes_a_user_out_of_all_rooms(people: list[WireClient]) -> None:
    ada, *bobs = people
    await bobs[0].join("shed")
    await order(ada, "leave all")
    assert {(await bobs[0].pushed("left"))["roomId"] for _ in range(2)} == {"yard", "shed"}
    assert await order(ada, "where") == {"clients": 2, "rooms": [], "isInYard": False}


async def test_a_stream_is_removed_like_any_other_session(yard: ServerProcess, people: list[WireClient]) -> None:
    """From a room, from all rooms, and with all connections of its user; it is told why, and another's goes on."""
    ada, *_ = people
    async with streaming(yard.http, "yard", "ada") as other:
        await other.opening()
        for what, reason in [("remove", "not here"), ("leave all", "go home"), ("disconnect", "that was enough")]:
            async with streaming(yard.http, "shed" if what == "leave all" else "yard", "cleo") as stream:
                assert (await stream.opening())["recovered"] is False
                room = (await order(ada, "where", "cleo"))["rooms"]
                await order(ada, what, "cleo")
                left = (await stream.rest())[-1]
                assert (left.name, left.data) == ("left", {"roomId": room[0], "reason": reason})
            assert await order(ada, "where", "cleo") == {"clients": 0, "rooms": [], "isInYard": False}
        await ada.trigger("yard", "order", {"do": "nothing"})
        while (await other.next()).data["data"] != {"do": "nothing"}:
            pass


async def test_it_ends_one_connection_of_a_user(people: list[WireClient]) -> None:
    ada, first, second = people
    await order(ada, "disconnect one")
    assert await first.closed() == (4403, "one is enough")
    assert (await second.ask("ping"))["type"] == "pong"


async def test_it_ends_all_connections_of_a_user(people: list[WireClient]) -> None:
    ada, *bobs = people
    await order(ada, "disconnect")
    for bob in bobs:
        assert await bob.closed() == (4403, "that was enough")
    assert await order(ada, "where") == {"clients": 0, "rooms": [], "isInYard": False}
