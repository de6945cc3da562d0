"""A batch is kept wholly or not at all, and its events follow one another."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ..support.server_process import ServerProcess
from ..support.wire_client import Message, WireClient, connected, error_paths, seqs, texts


def messages(*said: str) -> list[dict[str, object]]:
    return [{"event": "message", "data": {"text": text}} for text in said]


async def batch(client: WireClient, room: str, events: object, **fields: object) -> Message:
    return await client.answer(await client.send("triggerBatch", roomId=room, events=events, **fields))


async def test_a_batch_is_answered_with_the_seqs_of_its_events(ada: WireClient, bob: WireClient, room: str) -> None:
    for client in (ada, bob):
        await client.join(room)
    await ada.trigger(room)
    answer = await batch(ada, room, [*messages("a", "b"), {"event": "note", "data": 3, "meta": {"tag": "x"}}])
    assert list(answer) == ["type", "id", "roomId", "timestamp", "seqs"]
    assert (answer["type"], answer["roomId"], answer["seqs"]) == ("triggeredBatch", room, [2, 3, 4])
    for client in (ada, bob):
        events = (await client.events(4))[1:]
        assert [event["event"] for event in events] == ["message", "message", "note"]
        assert {event["timestamp"] for event in events} == {answer["timestamp"]}
        assert events[2]["meta"] == {"tag": "x"}
    assert seqs((await bob.page(room))["events"]) == [4, 3, 2, 1]


async def test_the_batches_of_two_senders_do_not_mix(ada: WireClient, bob: WireClient, room: str) -> None:
    for client in (ada, bob):
        await client.join(room)
    sent = [
        (client, await client.send("triggerBatch", roomId=room, events=messages(*"xyz"))) for client in [ada, bob] * 30
    ]
    answers = [await client.answer(request) for client, request in sent]
    for answer in answers:
        first = answer["seqs"][0]
        assert answer["seqs"] == [first, first + 1, first + 2]
    assert sorted(seq for answer in answers for seq in answer["seqs"]) == list(range(1, 181))


@pytest.mark.parametrize(
    ("wrong", "code", "path"),
    [
        ({"event": "message", "data": {"text": 7}}, "INVALID_EVENT", "events[1].data.text"),
        ({"event": "message", "data": {"text": "b"}, "meta": {"x": "y" * 5_000}}, "INVALID_EVENT", "events[1].meta"),
        ({"event": "message", "data": {"text": "\0"}}, "INVALID_EVENT", "events[1].data.text"),
        ({"event": "", "data": 1}, "INVALID_REQUEST", "events.1.event"),
        ({"event": "message"}, "INVALID_REQUEST", "events.1.data"),
    ],
)
async def test_one_wrong_event_keeps_all_out(
    ada: WireClient, room: str, wrong: dict[str, object], code: str, path: str
) -> None:
    await ada.join(room)
    answer = await batch(ada, room, [*messages("a"), wrong, *messages("c")])
    assert (answer["type"], answer["code"]) == ("error", code)
    assert error_paths(answer) == [path]
    assert (await ada.trigger(room))["seq"] == 1


@pytest.mark.parametrize("name", ["nothing", "typing"])
async def test_a_name_that_cannot_stand_in_a_batch_is_named_with_its_place(
    ada: WireClient, room: str, name: str
) -> None:
    await ada.join(room)
    answer = await batch(ada, room, [*messages("a"), {"event": name, "data": {}}])
    assert answer["code"] == "EVENT_NOT_ALLOWED"
    assert (answer["details"]["event"], answer["details"]["path"]) == (name, "events[1].event")
    assert (await ada.page(room))["events"] == []


@pytest.mark.parametrize("count", [0, 101])
async def test_a_batch_has_1_to_100_events(ada: WireClient, room: str, count: int) -> None:
    await ada.join(room)
    answer = await batch(ada, room, messages(*["x"] * count))
    assert (answer["code"], error_paths(answer)) == ("INVALID_REQUEST", ["events"])
    assert (await batch(ada, room, messages(*["x"] * 100)))["seqs"] == list(range(1, 101))


async def test_a_stranger_publishes_no_batch(ada: WireClient, room: str) -> None:
    assert (await batch(ada, room, messages("a")))["code"] == "NOT_JOINED"


async def test_a_repeat_gets_the_first_answer_and_nobody_hears_of_it_again(
    ada: WireClient, bob: WireClient, room: str
) -> None:
    await bob.join(room)
    await ada.join(room, events=["typing"])
    first = await batch(ada, room, messages("a", "b"), key="k")
    again = await batch(ada, room, messages("a", "b"), key="k")
    assert again == {**first, "id": again["id"], "duplicate": True}
    await ada.trigger(room, data={"text": "end"})
    assert texts(await bob.events(3)) == ["a", "b", "end"]


async def test_its_key_is_apart_from_that_of_a_single_event(ada: WireClient, room: str) -> None:
    await ada.join(room)
    assert (await ada.trigger(room, data={"text": "a"}, key="k"))["seq"] == 1
    answer = await batch(ada, room, messages("a"), key="k")
    assert (answer["seqs"], "duplicate" in answer) == ([2], False)
    other = await batch(ada, room, messages("a", "b"), key="k")
    assert (other["code"], error_paths(other)) == ("INVALID_REQUEST", ["key"])
    assert (await ada.trigger(room, data={"text": "a"}, key="k"))["duplicate"] is True


async def test_it_holds_across_a_kill(new_server: Callable[..., ServerProcess]) -> None:
    server = new_server()
    async with connected(server.ws, "ada") as ada:
        await ada.join("hall")
        first = await batch(ada, "hall", messages("a", "b", "c"), key="k")
    server.kill()
    server.start()
    async with connected(server.ws, "ada") as ada:
        await ada.join("hall")
        again = await batch(ada, "hall", messages("a", "b", "c"), key="k")
        assert (again["seqs"], again["duplicate"]) == (first["seqs"], True)
        assert texts((await ada.page("hall"))["events"]) == ["c", "b", "a"]
