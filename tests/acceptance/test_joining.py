"""Joining, leaving, and what one is sent from then on."""

from __future__ import annotations

import pytest
from anyio import create_task_group

from ..support.wire_client import Message, WireClient, error_paths, seqs, texts
from .conftest import Connect


async def test_joined_tells_all_of_the_room(ada: WireClient) -> None:
    joined = await ada.join("hall")
    assert list(joined) == ["type", "id", "roomId", "roomName", "events", "position", "history", "hasMore"]
    assert (joined["roomId"], joined["roomName"]) == ("hall", "The Hall")
    assert joined["events"] == ["message", "note", "rare", "typing"]


async def test_an_empty_room_has_an_empty_history(ada: WireClient, room: str) -> None:
    joined = await ada.join(room)
    assert joined["position"]["seq"] == 0
    assert (joined["history"], joined["hasMore"]) == ([], False)


async def test_the_history_is_the_newest_events_newest_first(ada: WireClient, bob: WireClient) -> None:
    await ada.join("hall")
    published = await ada.publish("hall", 6)
    joined = await bob.join("hall")
    assert seqs(joined["history"]) == published[:1:-1]  # sync_history_on_join=4
    assert joined["position"]["seq"] == published[-1]
    assert joined["hasMore"] is True


async def test_an_event_has_the_fields_of_the_protocol(ada: WireClient, room: str) -> None:
    await ada.join(room)
    answer = await ada.trigger(room, data={"text": "hi", "username": "ada", "more": 1}, meta={"clientTag": "x"})
    event = (await ada.events(1))[0]
    assert list(event) == ["event", "roomId", "data", "from", "timestamp", "seq", "meta"]
    assert event["data"] == {"text": "hi", "username": "ada"}
    assert event["meta"] == {"clientTag": "x"}
    assert (event["seq"], event["timestamp"]) == (answer["seq"], answer["timestamp"])
    await ada.trigger(room)
    assert "meta" not in (await ada.events(1))[0]


async def test_the_history_holds_only_the_subscribed_names(ada: WireClient, bob: WireClient, room: str) -> None:
    await ada.join(room)
    for event in ("message", "note", "rare", "note", "typing"):
        await ada.trigger(room, event)
    joined = await bob.join(room, events=["rare", "message"])
    assert joined["events"] == ["message", "rare"]
    assert [event["event"] for event in joined["history"]] == ["rare", "message"]
    assert joined["position"]["seq"] == 4
    assert joined["hasMore"] is False


async def test_a_room_without_sync_gives_none_and_says_that_there_is_more(ada: WireClient, bob: WireClient) -> None:
    await ada.join("unsynced")
    await ada.trigger("unsynced")
    joined = await bob.join("unsynced")
    assert (joined["history"], joined["hasMore"]) == ([], True)
    assert (await ada.join("unsynced", events=["rare"]))["hasMore"] is False


async def test_sync_true_gives_what_memory_holds_of_all_these_names(ada: WireClient, bob: WireClient) -> None:
    await ada.join("memory")
    published = await ada.publish("memory", 14)
    joined = await bob.join("memory")
    assert seqs(joined["history"]) == published[:3:-1]  # the buffer holds 10
    assert joined["hasMore"] is True
    rare = [(await ada.trigger("memory", "rare"))["seq"] for _ in range(5)]
    await ada.publish("memory", 1)
    joined = await bob.join("memory")
    assert seqs(joined["history"]) == [rare[-1] + 1, *rare[:1:-1]]  # down to where rare's three reach


async def test_default_subscriptions_are_those_of_the_room(ada: WireClient) -> None:
    assert (await ada.join("quiet"))["events"] == ["message", "typing"]
    assert (await ada.join("quiet", events=["note"]))["events"] == ["note"]
    assert (await ada.join("quiet", events=["*"]))["events"] == ["message", "note", "rare", "typing"]
    assert (await ada.join("quiet", events=[]))["events"] == []


async def test_a_since_of_another_life_or_beyond_the_head_gets_the_ordinary_sync(ada: WireClient, room: str) -> None:
    await ada.join(room)
    published = await ada.publish(room, 3)
    position = (await ada.join(room))["position"]
    for since in ({"epoch": "another", "seq": 0}, {"epoch": position["epoch"], "seq": 4}):
        joined = await ada.join(room, since=since)
        assert joined["recovered"] is False
        assert seqs(joined["history"]) == published[::-1]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({}, "roomId"),
        ({"roomId": 7}, "roomId"),
        ({"roomId": ""}, "roomId"),
        ({"roomId": "x" * 256}, "roomId"),
        ({"roomId": "hall", "events": "message"}, "events"),
        ({"roomId": "hall", "events": [7]}, "events.0"),
        ({"roomId": "hall", "events": ["x" * 101]}, "events.0"),
        ({"roomId": "hall", "events": {}}, "events"),
        ({"roomId": "hall", "since": 7}, "since"),
        ({"roomId": "hall", "since": {"seq": 7}}, "since.epoch"),
        ({"roomId": "hall", "since": {"epoch": "e"}}, "since.seq"),
        ({"roomId": "hall", "since": {"epoch": "e", "seq": -1}}, "since.seq"),
        ({"roomId": "hall", "since": {"epoch": "e", "seq": "1"}}, "since.seq"),
        ({"roomId": "hall", "since": {"epoch": "e", "seq": 1.5}}, "since.seq"),
    ],
)
async def test_a_field_of_the_wrong_kind_is_named(ada: WireClient, fields: dict[str, object], path: str) -> None:
    error = await ada.refused("join", **fields)
    assert (error["code"], error_paths(error)) == ("INVALID_REQUEST", [path])


async def test_a_room_that_is_not_there_is_not_found(ada: WireClient) -> None:
    assert (await ada.refused("join", roomId="nowhere"))["code"] == "ROOM_NOT_FOUND"


async def test_an_event_that_the_room_has_not_is_refused_and_nothing_is_joined(ada: WireClient) -> None:
    error = await ada.refused("join", roomId="hall", events=["message", "shout"])
    assert error["code"] == "EVENT_NOT_ALLOWED"
    assert error["details"] == {"event": "shout", "allowed": ["message", "note", "rare", "typing"]}
    assert (await ada.refused("leave", roomId="hall"))["code"] == "NOT_JOINED"


async def test_a_refused_second_join_leaves_the_first_in_force(ada: WireClient, room: str) -> None:
    await ada.join(room, events=["rare"])
    await ada.refused("join", roomId=room, events=["shout"])
    assert (await ada.ask("unsubscribe", roomId=room, events=["note"]))["events"] == ["rare"]


async def test_a_full_room_is_refused_until_somebody_leaves(connect: Connect) -> None:
    one, two, three = [await connect() for _ in range(3)]
    await one.join("small")
    await two.join("small")
    error = await three.refused("join", roomId="small")
    assert (error["code"], error["details"]) == ("ROOM_FULL", {"maxSize": 2})
    assert (await one.join("small"))["type"] == "joined"  # who is in it may join again
    await one.ask("leave", roomId="small")
    assert (await three.join("small"))["type"] == "joined"
    await two.socket.close()
    await three.ask("leave", roomId="small")


async def test_leaving_twice_is_not_joined(ada: WireClient, room: str) -> None:
    await ada.join(room)
    left = await ada.ask("leave", roomId=room)
    assert {**left, "id": 0} == {"type": "left", "id": 0, "roomId": room}
    assert (await ada.refused("leave", roomId=room))["code"] == "NOT_JOINED"


async def test_after_left_no_frame_of_the_room_follows(ada: WireClient, bob: WireClient, room: str) -> None:
    await ada.join(room)
    await bob.join(room)
    flood = [await bob.send("trigger", roomId=room, event="message", data={"text": "x"}) for _ in range(200)]
    await ada.ask("leave", roomId=room)
    left = len(ada.frames)
    await bob.answers(flood)
    await ada.settle()
    assert [frame["type"] for frame in ada.frames[left:]] == ["pong"]


async def test_after_subscribed_no_frame_of_the_old_subscriptions_follows(
    ada: WireClient, bob: WireClient, room: str
) -> None:
    await ada.join(room)
    await bob.join(room)
    for change, wanted in ((["message"], {"note"}), (["note"], set())):
        flood = [
            await bob.send("trigger", roomId=room, event=event, data={"text": "x"})
            for _ in range(50)
            for event in ("message", "note")
        ]
        await ada.ask("unsubscribe", roomId=room, events=[*change, "rare", "typing"])
        at = len(ada.frames)
        await bob.answers(flood)
        await ada.settle()
        names = {event["event"] for frame in ada.frames[at:] for event in frame.get("events", [])}
        assert names <= wanted


async def test_subscribe_and_unsubscribe_answer_with_all_that_is_received(ada: WireClient) -> None:
    await ada.join("hall", events=["note"])

    async def change(kind: str, *names: str) -> list[str]:
        answer = await ada.ask(kind, roomId="hall", events=names)
        assert (answer["type"], answer["roomId"]) == ("subscribed", "hall")
        events: list[str] = answer["events"]
        return events

    assert await change("subscribe", "rare", "message") == ["message", "note", "rare"]
    assert await change("unsubscribe", "note", "typing") == ["message", "rare"]
    assert await change("subscribe", "*") == ["message", "note", "rare", "typing"]
    assert await change("unsubscribe", "*") == []


@pytest.mark.parametrize("kind", ["subscribe", "unsubscribe"])
async def test_subscriptions_are_refused_with_their_reason(ada: WireClient, kind: str) -> None:
    assert (await ada.refused(kind, roomId="hall", events=["note"]))["code"] == "NOT_JOINED"
    await ada.join("hall")
    assert (await ada.refused(kind, roomId="hall", events=["shout"]))["code"] == "EVENT_NOT_ALLOWED"
    for events in ([], None, "note", [1]):
        assert (await ada.refused(kind, roomId="hall", events=events))["code"] == "INVALID_REQUEST"


async def test_nothing_is_missed_and_nothing_comes_twice_while_events_are_published(
    ada: WireClient, connect: Connect, room: str
) -> None:
    """What each client saw is one run of seqs from its first join to the end, however often it joined meanwhile."""
    total = 600
    joiners = [await connect() for _ in range(6)]
    await ada.join(room, events=["rare"])

    async def join_often(client: WireClient) -> None:
        for _ in range(5):
            await client.join(room)

    async with create_task_group() as tasks:
        tasks.start_soon(ada.publish, room, total)
        for client in joiners:
            tasks.start_soon(join_often, client)
    for client in joiners:
        await client.settle()
        assert follow(client.frames, room) == total


def follow(frames: list[Message], room: str) -> int:
    """The seq up to which these frames are one run."""
    reached: int | None = None
    for frame in frames:
        if frame.get("roomId") == room and frame["type"] == "joined":
            position = frame["position"]["seq"]
            assert reached in (None, position)
            reached = position
            held = seqs(frame["history"])
            assert held == list(range(reached, reached - len(held), -1))
            assert frame["hasMore"] == (len(held) < reached)
        elif frame.get("roomId") == room and frame["type"] == "events":
            assert reached is not None
            assert seqs(frame["events"]) == list(range(reached + 1, reached + len(frame["events"]) + 1))
            reached += len(frame["events"])
    assert reached is not None
    return reached


async def test_a_second_join_gives_a_fresh_snapshot_and_each_later_event_once(
    ada: WireClient, bob: WireClient, room: str
) -> None:
    await ada.join(room)
    await ada.publish(room, 2)
    await bob.join(room)
    again = await bob.join(room)
    assert texts(again["history"]) == ["2", "1"]
    await ada.publish(room, 1)
    assert texts(await bob.events(1)) == ["1"]
    assert "events" not in [frame["type"] for frame in await bob.settle()]
