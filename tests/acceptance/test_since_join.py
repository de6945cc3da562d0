"""In a room with `history_visible="since_join"` a user reads what came after the user's first join, by every way in."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from ..support.event_source import streaming
from ..support.server_process import ServerProcess
from ..support.wire_client import Message, WireClient, connected, seqs
from .conftest import NUMBERS, Connect

ROOM = "vault"
OLD = "old"


@pytest.fixture
async def old(connect: Connect) -> tuple[WireClient, int]:
    """Somebody who is in the room, and its head after ten more events."""
    client = await connect(OLD)
    await client.join(ROOM)
    await client.publish(ROOM, 10)
    return client, (await client.page(ROOM, limit=1))["events"][0]["seq"]


async def asked(server: ServerProcess, method: str, path: str, user_id: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=server.http, trust_env=False) as client:
        return await client.request(method, path, headers={"X-User-Id": user_id})


@pytest.fixture
def newcomer() -> str:
    """A user who was never there."""
    return f"new-{next(NUMBERS)}"


async def test_who_joins_sees_nothing_of_before(connect: Connect, old: tuple[WireClient, int], newcomer: str) -> None:
    ada, head = old
    new = await connect(newcomer)
    joined = await new.join(ROOM)
    assert (joined["position"]["seq"], joined["history"], joined["hasMore"]) == (head, [], False)
    await ada.publish(ROOM, 3)
    assert seqs(await new.events(3)) == [head + 1, head + 2, head + 3]
    for fields in (
        {"limit": 50},
        {"before": head + 4},
        {"after": head},
        {"around": head + 2},
        {"event": "message", "start": 0, "end": 50},
        {"event": "message", "start": 0, "end": 50, "anchor": head + 3},
        {"afterTime": 0},
        {"beforeTime": 9_999_999_999_999},
    ):
        page = await new.page(ROOM, **fields)
        assert seqs(page["events"]) == [head + 3, head + 2, head + 1], fields
        assert (page["hasMore"], page.get("hasMoreAfter", False)) == (False, False), fields
    assert (await new.page(ROOM, before=head + 1))["events"] == []
    assert (await new.page(ROOM, beforeTime=0))["events"] == []
    assert (await new.page(ROOM, event="message", start=3, end=9))["events"] == []
    page = await new.page(ROOM, limit=2)
    assert (seqs(page["events"]), page["hasMore"]) == ([head + 3, head + 2], True)
    assert len((await ada.page(ROOM, limit=50))["events"]) >= 13


async def test_a_stream_tells_nothing_of_before_and_does_not_go_on_below(
    server: ServerProcess, old: tuple[WireClient, int], newcomer: str
) -> None:
    ada, head = old
    async with streaming(server.http, ROOM, newcomer) as stream:
        opening = await stream.opening()
        assert (opening["position"]["seq"], opening["hasMore"]) == (head, False)
        await ada.publish(ROOM, 2)
        assert seqs(await stream.events(2)) == [head + 1, head + 2]
    epoch = opening["position"]["epoch"]
    for seq, recovered, missed in ((head - 3, False, [head + 1, head + 2]), (head + 1, True, [head + 2])):
        async with streaming(server.http, ROOM, newcomer, last_id=f"{epoch}-{seq}") as stream:
            assert (await stream.opening())["recovered"] is recovered
            assert seqs(await stream.events(len(missed))) == missed
            await ada.publish(ROOM, 1)
            (event,) = await stream.events(1)
            assert event["seq"] > head + 2


@pytest.mark.parametrize("form", ["after", "around", "anchor"])
async def test_an_error_tells_nothing_of_what_lies_below(
    connect: Connect, old: tuple[WireClient, int], newcomer: str, form: str
) -> None:
    _, head = old
    new = await connect(newcomer)
    await new.join(ROOM)
    fields = {form: head - 1} | ({"event": "message", "start": 0, "end": 5} if form == "anchor" else {})
    error = await new.refused("getHistory", roomId=ROOM, **fields)
    assert (error["code"], error["details"]["floor"], error["details"]["head"]) == ("POSITION_UNKNOWN", head, head)
    beyond = await new.refused("markRead", roomId=ROOM, seq=head + 100)
    assert (beyond["code"], beyond["details"]["floor"]) == ("POSITION_UNKNOWN", head)


async def test_later_joins_do_not_move_it(connect: Connect, old: tuple[WireClient, int], newcomer: str) -> None:
    ada, head = old
    first = await connect(newcomer)
    await first.join(ROOM)
    await first.ask("leave", roomId=ROOM)
    await ada.publish(ROOM, 2)
    again = await connect(newcomer)
    joined = await again.join(ROOM)
    assert (seqs(joined["history"]), joined["hasMore"]) == ([head + 2, head + 1], False)
    assert seqs((await again.page(ROOM))["events"]) == [head + 2, head + 1]


async def test_a_recovery_from_below_is_none(connect: Connect, old: tuple[WireClient, int], newcomer: str) -> None:
    ada, head = old
    new = await connect(newcomer)
    epoch = (await new.join(ROOM))["position"]["epoch"]
    await ada.publish(ROOM, 2)
    for since, recovered in ((head - 1, False), (head, True), (head + 1, True)):
        joined = await new.join(ROOM, since={"epoch": epoch, "seq": since})
        assert joined["recovered"] is recovered
        assert seqs(joined["history"]) == ([head + 2] if since == head + 1 else [head + 2, head + 1])


async def test_the_redaction_of_what_lies_below_is_not_told(
    connect: Connect, old: tuple[WireClient, int], newcomer: str, server: ServerProcess
) -> None:
    ada, head = old
    new = await connect(newcomer)
    await new.join(ROOM)
    below, above = head - 1, (await ada.trigger(ROOM))["seq"]
    for seq in (below, above):
        assert (await asked(server, "DELETE", f"/rooms/{ROOM}/events/{seq}", OLD)).status_code == 204
    await ada.trigger(ROOM)
    heard = [event for event in await new.events(3) if event["event"] == "dialogue.redacted"]
    assert [event["data"]["seq"] for event in heard] == [above]
    page: Message = await new.page(ROOM, event="dialogue.redacted")
    assert [event["data"]["seq"] for event in page["events"]] == [above]
    assert [event["event"] for event in (await new.page(ROOM))["events"]].count("dialogue.redacted") == 1


async def test_over_http_only_who_has_joined_reads(
    connect: Connect, old: tuple[WireClient, int], newcomer: str, server: ServerProcess
) -> None:
    ada, head = old
    stranger = await connect(newcomer)
    for path in (f"/rooms/{ROOM}/events", f"/rooms/{ROOM}/events?before=3"):
        answer = await asked(server, "GET", path, newcomer)
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    answer = await asked(server, "DELETE", f"/rooms/{ROOM}/events/{head}", newcomer)
    assert answer.status_code == 403
    await ada.publish(ROOM, 1)
    await stranger.join(ROOM)  # the attempts have written nothing: the floor is the head of now
    await ada.publish(ROOM, 1)
    answer = await asked(server, "GET", f"/rooms/{ROOM}/events", newcomer)
    assert seqs(answer.json()["events"]) == [head + 2]


async def test_what_lies_below_is_not_unread(connect: Connect, old: tuple[WireClient, int], newcomer: str) -> None:
    ada, head = old
    new = await connect(newcomer)
    await new.join(ROOM)
    await ada.publish(ROOM, 2)
    marked = await new.ask("markRead", roomId=ROOM, seq=0)
    assert (marked["seq"], marked["unread"]) == (head, 2)


async def test_the_floor_survives_a_kill(new_server: Callable[..., ServerProcess]) -> None:
    server = new_server()
    async with connected(server.ws, "old") as old, connected(server.ws, "new") as new:
        await old.join(ROOM)
        await old.publish(ROOM, 5)
        await new.join(ROOM)
        await old.publish(ROOM, 2)
    server.kill()
    server.start()
    async with connected(server.ws, "new") as new:
        joined = await new.join(ROOM)
        assert (seqs(joined["history"]), joined["hasMore"]) == ([7, 6], False)


async def test_a_room_remembers_only_so_many(new_server: Callable[..., ServerProcess]) -> None:
    server = new_server(max_read_floors=2)
    for user in ("one", "two"):
        async with connected(server.ws, user) as client:
            await client.join(ROOM)
    async with connected(server.ws, "three") as client, connected(server.ws, "one") as one:
        assert (await client.refused("join", roomId=ROOM))["code"] == "JOIN_DENIED"
        assert (await client.refused("getHistory", roomId=ROOM))["code"] == "NOT_JOINED"
        await one.join(ROOM)
