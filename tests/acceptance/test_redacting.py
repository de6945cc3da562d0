"""Redaction and erasure: a tombstone everywhere, told to every member."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from dialogue import History, RoomConfig, create_dialogue, define_event
from dialogue.domain.errors import PositionUnknown

from ..support.server_process import ServerProcess
from ..support.wire_client import Message, WireClient, seqs
from .conftest import Connect


@pytest.fixture
async def http(server: ServerProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.http, trust_env=False) as client:
        yield client


async def redact(http: httpx.AsyncClient, room: str, seq: object, user_id: str) -> httpx.Response:
    return await http.delete(f"/rooms/{room}/events/{seq}", headers={"X-User-Id": user_id})


def user_of(joined: Message, client: WireClient) -> str:
    return next(str(frame["userId"]) for frame in client.frames if frame["type"] == "connected")


async def test_a_redaction_reaches_everyone_and_blanks_the_event_everywhere(
    http: httpx.AsyncClient, ada: WireClient, bob: WireClient, room: str
) -> None:
    since = (await bob.join(room, events=["typing"]))["position"]
    joined = await ada.join(room)
    for number in range(12):  # memory holds ten
        await ada.trigger(room, data={"text": f"secret {number}"}, meta={"tag": number})
    for seq in (1, 12):
        answer = await redact(http, room, seq, user_of(joined, ada))
        assert (answer.status_code, answer.content) == (204, b"")
    told = await bob.events(2)
    assert [(event["event"], event["seq"], event["data"]["seq"]) for event in told] == [
        ("dialogue.redacted", 13, 1),
        ("dialogue.redacted", 14, 12),
    ]
    assert told[0]["data"]["by"] == told[0]["from"] == user_of(joined, ada)
    named = (await ada.page(room, event="message", limit=20))["events"]
    merged = (await ada.page(room, limit=20))["events"]
    assert seqs(merged) == list(range(14, 0, -1))
    for events in (named, merged):
        blank = [event for event in events if event.get("redacted")]
        assert seqs(blank) == [12, 1]
        assert all(event["data"] is None and "meta" not in event for event in blank)
    synced = await bob.join(room, events=["message"])
    assert {event["event"] for event in synced["history"]} == {"message"}
    assert "secret 11" not in str(synced)
    back = await bob.join(room, events=["typing"], since=since)
    assert (back["recovered"], seqs(back["history"])) == (True, [14, 13])


async def test_redacting_twice_is_fine_and_told_once(http: httpx.AsyncClient, ada: WireClient, room: str) -> None:
    joined = await ada.join(room)
    await ada.trigger(room)
    for _ in range(3):
        assert (await redact(http, room, 1, user_of(joined, ada))).status_code == 204
    assert (await ada.trigger(room))["seq"] == 3


async def test_only_who_sent_it_or_made_the_room_may_redact(
    http: httpx.AsyncClient, ada: WireClient, bob: WireClient, connect: Connect, room: str
) -> None:
    stranger = await connect()
    names = {client: user_of(await client.join(room), client) for client in (ada, bob, stranger)}
    for client in (bob, bob, bob):
        await client.trigger(room)
    refused = await redact(http, room, 1, names[stranger])
    assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")
    assert (await redact(http, room, 1, names[bob])).status_code == 204
    assert (await redact(http, room, 2, names[ada])).status_code == 204  # she made the room
    anonymous = await http.delete(f"/rooms/{room}/events/3")
    assert anonymous.status_code == 401


async def test_what_cannot_be_redacted_says_why(http: httpx.AsyncClient, ada: WireClient, room: str) -> None:
    user_id = user_of(await ada.join(room), ada)
    await ada.trigger(room)
    assert (await redact(http, room, 1, user_id)).status_code == 204
    for seq, status, code in (
        (3, 410, "POSITION_UNKNOWN"),
        (2, 410, "POSITION_UNKNOWN"),
        (0, 410, "POSITION_UNKNOWN"),
        ("x", 422, "INVALID_REQUEST"),
        (-1, 422, "INVALID_REQUEST"),
    ):
        answer = await redact(http, room, seq, user_id)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    answer = await redact(http, "nowhere", 1, user_id)
    assert (answer.status_code, answer.json()["code"]) == (404, "ROOM_NOT_FOUND")


@pytest.mark.parametrize("database", ["memory://", "sqlite"])
async def test_erasing_a_user_leaves_nothing_of_theirs_in_any_room_or_file(tmp_path: Path, database: str) -> None:
    url = f"sqlite:///{tmp_path}/chat.db" if database == "sqlite" else database
    note = define_event("note", history=History(limit=2))
    rooms = {room_id: RoomConfig(name=room_id, events=[note]) for room_id in ("a", "b")}
    app = create_dialogue(database=url, rooms=rooms)
    progress: list[tuple[int, int]] = []
    async with app.lifespan():
        for number in range(450):
            sender = "eve-the-user" if number % 3 == 0 else "ada"
            await app.trigger("ab"[number % 2], note, f"said by {sender}", sender=sender)
        await app.redact("a", 1, by="eve-the-user")
        await app.redact("a", 2, by="ada")
        assert await app.erase("eve-the-user", progress=lambda done, total: progress.append((done, total))) > 140
        assert await app.erase("eve-the-user") == 0
        for room_id in rooms:
            events = await app.room(room_id).history(note, 0, 1_000)
            assert "eve-the-user" not in {event.sender for event in events}
            assert "said by eve-the-user" not in {event.data for event in events}
            assert len([event for event in events if event.data == "said by ada"]) == (149 if room_id == "a" else 150)
            told = await app.room(room_id).history("dialogue.redacted", 0, 1_000)
            assert "eve-the-user" not in {event.data["by"] for event in told} | {event.sender for event in told}
    assert progress[-1][0] == progress[-1][1]
    if database == "sqlite":
        async with app.lifespan():  # what the write-ahead log held is in the file now
            pass
        assert b"eve-the-user" not in (tmp_path / "chat.db").read_bytes()


async def test_the_application_may_redact_what_it_likes_and_is_told_what_is_not_there() -> None:
    note = define_event("note", history=History(limit=2))
    app = create_dialogue(database="memory://", rooms={"a": RoomConfig(name="a", events=[note])})
    async with app.lifespan():
        await app.trigger("a", note, "x", sender="ada")
        await app.redact("a", 1)
        assert [event.is_redacted for event in await app.room("a").history(note)] == [True]
        with pytest.raises(PositionUnknown):
            await app.redact("a", 7)
