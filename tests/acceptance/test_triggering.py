"""Publishing, and what arrives."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from ..support.server_process import ServerProcess
from ..support.wire_client import WireClient, connected, error_paths, seqs, texts


async def test_triggered_says_where_and_when_the_event_is(ada: WireClient, room: str) -> None:
    await ada.join(room)
    answer = await ada.trigger(room)
    assert list(answer) == ["type", "id", "roomId", "event", "timestamp", "seq"]
    assert (answer["type"], answer["roomId"], answer["event"], answer["seq"]) == ("triggered", room, "message", 1)
    assert answer["timestamp"] > 1_700_000_000_000


async def test_an_event_without_history_has_no_seq(ada: WireClient, bob: WireClient, room: str) -> None:
    await ada.join(room)
    await bob.join(room)
    answer = await ada.trigger(room, "typing", {"on": True})
    assert "seq" not in answer
    for client in (ada, bob):
        event = (await client.events(1))[0]
        assert list(event) == ["event", "roomId", "data", "from", "timestamp"]
    assert (await bob.page(room))["events"] == []
    assert (await ada.trigger(room))["seq"] == 1


async def test_pipelined_triggers_get_rising_seqs_without_holes(ada: WireClient, room: str) -> None:
    await ada.join(room)
    assert await ada.publish(room, 300) == list(range(1, 301))
    events = await ada.events(300)
    assert seqs(events) == list(range(1, 301))
    assert texts(events) == [str(number) for number in range(1, 301)]
    assert all(older["timestamp"] <= newer["timestamp"] for older, newer in pairwise(events))


async def test_events_that_are_kept_together_travel_in_one_frame(ada: WireClient, room: str) -> None:
    await ada.join(room)
    await ada.publish(room, 300)
    await ada.events(300)
    frames = [frame for frame in ada.frames if frame["type"] == "events"]
    assert len(frames) < 200


async def test_two_senders_events_are_one_sequence_for_all(ada: WireClient, bob: WireClient, room: str) -> None:
    for client in (ada, bob):
        await client.join(room)
    sent = [(client, await client.send("trigger", roomId=room, event="note", data=1)) for client in [ada, bob] * 50]
    answered = sorted([(await client.answer(request))["seq"] for client, request in sent])
    assert answered == list(range(1, 101))
    assert await ada.events(100) == await bob.events(100)


async def test_a_page_sees_the_triggers_that_were_answered(ada: WireClient, room: str) -> None:
    await ada.join(room)
    for number in range(1, 21):
        await ada.trigger(room)
        assert seqs((await ada.page(room, limit=1))["events"]) == [number]


async def test_events_without_history_never_overtake_their_senders_earlier_events(
    ada: WireClient, bob: WireClient, room: str
) -> None:
    await bob.join(room)
    await ada.join(room)
    for number in range(100):
        for event in ("note", "typing"):
            await ada.send("trigger", roomId=room, event=event, data=number)
    events = await bob.events(200)
    assert [event["data"] for event in events if event["event"] == "typing"] == list(range(100))
    for older, newer in pairwise(events):
        if newer["event"] == "typing":
            kept = [event["data"] for event in events[: events.index(newer)] if event["event"] == "note"]
            assert newer["data"] in kept, (older, newer)


async def test_the_schema_gives_the_payload_back(ada: WireClient, room: str) -> None:
    await ada.join(room)
    await ada.trigger(room, data={"text": "hi", "unknown": True})
    assert (await ada.events(1))[0]["data"] == {"text": "hi", "username": "nobody"}


async def test_the_sender_is_whom_the_server_knows(ada: WireClient, room: str) -> None:
    joined = await ada.join(room)
    claims: dict[str, object] = {"from": "eve", "userId": "eve", "seq": 99}
    await ada.ask("trigger", roomId=room, event="message", data={"text": "hi", "from": "eve"}, **claims)
    event = (await ada.events(1))[0]
    assert event["from"].startswith("ada-")
    assert event["seq"] == joined["position"]["seq"] + 1


async def test_only_subscribers_receive(ada: WireClient, bob: WireClient, room: str) -> None:
    await ada.join(room)
    await bob.join(room, events=["rare"])
    for event in ("message", "rare", "note", "typing"):
        await ada.trigger(room, event)
    assert [event["event"] for event in await bob.events(1)] == ["rare"]
    assert "events" not in [frame["type"] for frame in await bob.settle()]
    assert [event["event"] for event in await ada.events(4)] == ["message", "rare", "note", "typing"]


async def test_who_has_not_joined_cannot_publish_read_or_listen(ada: WireClient, bob: WireClient, room: str) -> None:
    await ada.join(room)
    assert (await bob.refused("trigger", roomId=room, event="note", data=1))["code"] == "NOT_JOINED"
    assert (await bob.refused("getHistory", roomId=room))["code"] == "NOT_JOINED"
    await bob.join(room)
    await bob.ask("leave", roomId=room)
    assert (await bob.refused("trigger", roomId=room, event="note", data=1))["code"] == "NOT_JOINED"
    assert (await bob.refused("getHistory", roomId=room))["code"] == "NOT_JOINED"
    assert (await ada.trigger(room))["seq"] == 1
    assert "events" not in [frame["type"] for frame in await bob.settle()]


@pytest.mark.parametrize("event", ["shout", "Message", "dialogue.redacted", "*"])
async def test_an_event_that_the_room_has_not_is_refused(ada: WireClient, event: str) -> None:
    await ada.join("hall")
    error = await ada.refused("trigger", roomId="hall", event=event, data=1)
    assert (error["code"], error["details"]["event"]) == ("EVENT_NOT_ALLOWED", event)


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({}, "data.text"),
        ({"text": ""}, "data.text"),
        ({"text": "x" * 2_001}, "data.text"),
        ({"text": 7}, "data.text"),
        ({"text": "x", "username": None}, "data.username"),
        (7, "data"),
        (None, "data"),
        ([], "data"),
    ],
)
async def test_a_payload_against_its_schema_is_refused_with_its_path(ada: WireClient, data: object, path: str) -> None:
    await ada.join("hall")
    error = await ada.refused("trigger", roomId="hall", event="message", data=data)
    assert (error["code"], error_paths(error)) == ("INVALID_EVENT", [path])


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"event": "note", "data": 1}, "roomId"),
        ({"roomId": "hall", "data": 1}, "event"),
        ({"roomId": "hall", "event": "note"}, "data"),
        ({"roomId": "hall", "event": 7, "data": 1}, "event"),
        ({"roomId": "hall", "event": "", "data": 1}, "event"),
        ({"roomId": "hall", "event": "x" * 101, "data": 1}, "event"),
        ({"roomId": "hall", "event": "note", "data": 1, "meta": 7}, "meta"),
        ({"roomId": "hall", "event": "note", "data": 1, "meta": []}, "meta"),
        ({"roomId": "hall", "event": "note", "data": 1, "key": ""}, "key"),
        ({"roomId": "hall", "event": "note", "data": 1, "key": "k" * 65}, "key"),
        ({"roomId": "hall", "event": "typing", "data": 1, "key": "k"}, "key"),
        ({"roomId": "hall", "event": "note", "data": 1, "key": 7}, "key"),
    ],
)
async def test_a_field_of_the_wrong_kind_is_named(ada: WireClient, fields: dict[str, object], path: str) -> None:
    """So is a key that cannot be kept, because its event is not."""
    await ada.join("hall")
    error = await ada.refused("trigger", **fields)
    assert (error["code"], error_paths(error)) == ("INVALID_REQUEST", [path])


async def test_meta_has_at_most_4_kib(ada: WireClient, room: str) -> None:
    await ada.join(room)
    largest = {"m": "x" * (4096 - len('{"m":""}'))}
    await ada.trigger(room, meta=largest)
    assert (await ada.events(1))[0]["meta"] == largest
    error = await ada.refused("trigger", roomId=room, event="note", data=1, meta={"m": largest["m"] + "x"})
    assert (error["code"], error_paths(error)) == ("INVALID_EVENT", ["meta"])


async def test_a_refused_event_takes_no_place(ada: WireClient, room: str) -> None:
    await ada.join(room)
    sent = [
        await ada.send("trigger", roomId=room, event="message", data={"text": text})
        for text in ("one", "", "two", "", "three")
    ]
    answers = await ada.answers(sent)
    assert [answer["type"] for answer in answers] == ["triggered", "error", "triggered", "error", "triggered"]
    assert seqs(answer for answer in answers if answer["type"] == "triggered") == [1, 2, 3]


async def test_a_large_payload_fits_whatever_it_needs_escaped(ada: WireClient, room: str) -> None:
    await ada.join(room)
    for character in ("x", "é", '"', "\\", "\x01"):
        data = character * (60_000 // len(character.encode("unicode_escape")) // 6)
        await ada.trigger(room, "note", data)
        assert (await ada.events(1))[0]["data"] == data


async def test_no_frame_is_larger_than_max_out_frame(new_server: Callable[..., ServerProcess]) -> None:
    """Live batches are split, in order; pages and syncs end before, with hasMore."""
    limit = 90_000
    server = new_server(max_out_frame=limit, max_in_flight=2)
    async with connected(server.ws) as ada, connected(server.ws) as bob:
        await bob.join("hall")
        await ada.join("hall", events=["typing"])
        assert await ada.publish("hall", 200, "note", padding="x" * 3_000) == list(range(1, 201))
        assert seqs(await bob.events(200)) == list(range(1, 201))
        page = await bob.page("hall", limit=1_000)
        assert page["hasMore"] is True
        assert 20 < len(page["events"]) < 30
        whole = page["events"]
        while page["hasMore"]:
            page = await bob.page("hall", before=whole[-1]["seq"], limit=1_000)
            whole += page["events"]
        assert seqs(whole) == list(range(200, 0, -1))
        around = await bob.page("hall", around=100, limit=200)
        assert (around["hasMore"], around["hasMoreAfter"]) == (True, True)
        assert 100 in seqs(around["events"])
        assert max(bob.sizes) <= limit
