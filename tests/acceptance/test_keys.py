"""A trigger with a key is kept once, whatever happens to its answer."""

from __future__ import annotations

from collections.abc import Callable

from ..support.server_process import ServerProcess
from ..support.wire_client import WireClient, connected, error_paths, seqs
from .conftest import Connect


async def test_a_repeat_gets_the_first_answer_and_nobody_hears_of_it_again(
    ada: WireClient, bob: WireClient, room: str
) -> None:
    await bob.join(room)
    await ada.join(room, events=["typing"])
    first = await ada.trigger(room, key="k")
    again = await ada.trigger(room, key="k")
    assert again == {**first, "id": again["id"], "duplicate": True}
    assert "duplicate" not in first
    await ada.trigger(room, data={"text": "end"})
    assert seqs(await bob.events(2)) == [1, 2]


async def test_it_holds_on_two_connections_at_once(connect: Connect, room: str) -> None:
    connections = [await connect("twins") for _ in range(2)]
    for connection in connections:
        await connection.join(room)
    asked = [
        (connection, await connection.send("trigger", roomId=room, event="note", data=number, key=f"key-{number}"))
        for number in range(50)
        for connection in connections
    ]
    answers = [await connection.answer(request) for connection, request in asked]
    for one, other in zip(answers[::2], answers[1::2], strict=True):
        assert one["seq"] == other["seq"]
        assert [answer.get("duplicate") for answer in (one, other)].count(True) == 1
    assert sorted(seqs(await connections[0].events(50))) == list(range(1, 51))


async def test_it_holds_across_a_kill(new_server: Callable[..., ServerProcess]) -> None:
    server = new_server()
    async with connected(server.ws, "ada") as ada:
        await ada.join("hall")
        first = await ada.trigger("hall", key="k")
    server.kill()
    server.start()
    async with connected(server.ws, "ada") as ada:
        await ada.join("hall")
        again = await ada.trigger("hall", key="k")
        assert (again["seq"], again["timestamp"], again["duplicate"]) == (first["seq"], first["timestamp"], True)
        assert (await ada.trigger("hall"))["seq"] == 2


async def test_the_same_key_with_another_event_data_or_meta_is_invalid(ada: WireClient, room: str) -> None:
    await ada.join(room)
    await ada.trigger(room, "note", {"a": 1, "b": 2}, key="k", meta={"m": 1})
    same = await ada.trigger(room, "note", {"b": 2.0, "a": 1}, key="k", meta={"m": 1})
    assert same["duplicate"] is True
    for event, data, meta in (
        ("rare", {"a": 1, "b": 2}, {"m": 1}),
        ("note", {"a": 1}, {"m": 1}),
        ("note", {"a": 1, "b": 2}, {}),
    ):
        refused = await ada.refused("trigger", roomId=room, event=event, data=data, meta=meta, key="k")
        assert (refused["code"], error_paths(refused)) == ("INVALID_REQUEST", ["key"])


async def test_a_key_is_its_users_own(ada: WireClient, bob: WireClient, room: str) -> None:
    for client in (ada, bob):
        await client.join(room)
        assert "duplicate" not in await client.trigger(room, key="k")


async def test_after_its_time_a_key_is_new(new_server: Callable[..., ServerProcess]) -> None:
    server = new_server(key_ttl_s=0.001)
    async with connected(server.ws, "ada") as ada:
        await ada.join("hall")
        first = await ada.trigger("hall", key="k")
        while (later := await ada.trigger("hall", "note"))["timestamp"] <= first["timestamp"] + 1:
            pass
        again = await ada.trigger("hall", key="k")
        assert again["seq"] == later["seq"] + 1
        assert "duplicate" not in again
