"""Coming back with `since`: exactly what was missed, or `recovered: false`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..support.server_process import ServerProcess
from ..support.wire_client import WireClient, connected, seqs
from .conftest import Connect


async def test_exactly_what_was_missed_comes_back_newest_first_and_live_goes_on(
    ada: WireClient, bob: WireClient, room: str
) -> None:
    await ada.join(room)
    since = (await bob.join(room))["position"]
    await bob.ask("leave", roomId=room)
    published = await ada.publish(room, 30)  # more than memory holds
    back = await bob.join(room, since=since)
    assert (back["recovered"], back["hasMore"], back["position"]["seq"]) == (True, False, 30)
    assert seqs(back["history"]) == published[::-1]
    await ada.publish(room, 1)
    assert seqs(await bob.events(1)) == [31]


async def test_whoever_missed_nothing_gets_nothing(ada: WireClient, room: str) -> None:
    await ada.join(room)
    await ada.publish(room, 3)
    position = (await ada.join(room))["position"]
    back = await ada.join(room, since=position)
    assert (back["recovered"], back["history"], back["hasMore"]) == (True, [], True)
    assert back["position"] == position


async def test_only_subscribed_names_are_recovered_and_typing_is_not(
    ada: WireClient, bob: WireClient, room: str
) -> None:
    await ada.join(room)
    since = (await ada.join(room))["position"]
    for name in ("message", "note", "typing", "message", "rare"):
        await ada.trigger(room, name)
    back = await bob.join(room, since=since, events=["message", "typing"])
    assert (back["recovered"], seqs(back["history"])) == (True, [3, 1])


async def test_many_missed_events_are_the_ordinary_sync_at_the_limit_and_no_sooner(
    new_server: Callable[..., ServerProcess],
) -> None:
    server = new_server(recovery_limit=5)
    async with connected(server.ws, "ada") as ada:
        since = (await ada.join("hall"))["position"]
        await ada.publish("hall", 5, "note")
        back = await ada.join("hall", since=since)
        assert (back["recovered"], seqs(back["history"])) == (True, [5, 4, 3, 2, 1])
        await ada.publish("hall", 1, "note")
        back = await ada.join("hall", since=since)
        assert (back["recovered"], seqs(back["history"])) == (False, [6, 5, 4, 3])
        assert back["position"]["seq"] == 6


async def test_more_than_one_frame_holds_is_not_recovered(ada: WireClient, room: str) -> None:
    since = (await ada.join(room))["position"]
    await ada.publish(room, 20, "note", padding="x" * 60_000)
    assert (await ada.join(room, since=since))["recovered"] is False
    half = {"epoch": since["epoch"], "seq": 10}
    back = await ada.join(room, since=half)
    assert (back["recovered"], seqs(back["history"])) == (True, list(range(20, 10, -1)))


async def test_the_epoch_outlives_a_kill_and_ends_with_its_room(new_server: Callable[..., ServerProcess]) -> None:
    server = new_server()
    async with connected(server.ws, "ada") as ada:
        await ada.ask("createRoom", room={"id": "club", "name": "Club"})
        since = (await ada.join("club"))["position"]
        await ada.publish("club", 12)
    server.kill()
    server.start()
    async with connected(server.ws, "ada") as ada:
        back = await ada.join("club", since={**since, "seq": 4})
        assert (back["recovered"], seqs(back["history"])) == (True, list(range(12, 4, -1)))
        assert back["position"]["epoch"] == since["epoch"]
        await ada.ask("deleteRoom", roomId="club")
        await ada.ask("createRoom", room={"id": "club", "name": "Club"})
        back = await ada.join("club", since={**since, "seq": 12})
        assert (back["recovered"], back["history"]) == (False, [])
        assert back["position"]["epoch"] != since["epoch"]
        assert (await ada.trigger("club"))["seq"] == 13


async def test_an_unclean_start_with_less_than_full_synchronous_begins_new_epochs(
    new_server: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    """What was answered for may be lost then, with the power: a position must not pass for one of the same life."""
    server = new_server(synchronous="NORMAL")
    async with connected(server.ws, "ada") as ada:
        first = (await ada.join("hall"))["position"]
        await ada.publish("hall", 3)
    assert server.stop() == 0
    server.start()
    async with connected(server.ws, "ada") as ada:
        assert (await ada.join("hall", since=first))["recovered"] is True
    server.kill()
    server.start()
    async with connected(server.ws, "ada") as ada:
        back = await ada.join("hall", since=first)
        assert back["recovered"] is False
        assert seqs(back["history"]) == [3, 2, 1]
        assert (await ada.trigger("hall"))["seq"] == 4


async def test_nothing_is_missed_or_repeated_while_others_publish(connect: Connect, ada: WireClient, room: str) -> None:
    """A member drops out and comes back again and again; recoveries and live frames together are one sequence."""
    await ada.join(room)
    cursor = (await ada.join(room))["position"]
    seen: list[int] = []
    for _ in range(20):
        sent = [await ada.send("trigger", roomId=room, event="message", data={"text": "x"}) for _ in range(15)]
        member = await connect("member")
        back = await member.join(room, since=cursor)
        assert back["recovered"] is True
        await ada.answers(sent)
        await ada.settle()
        live = [event for frame in await member.settle() if frame["type"] == "events" for event in frame["events"]]
        seen += seqs(back["history"])[::-1] + seqs(live)
        cursor = {"epoch": back["position"]["epoch"], "seq": max(seen, default=0)}
        member.socket.transport.abort()
    assert seen == list(range(1, len(seen) + 1))
    assert (await ada.page(room, limit=1))["events"][0]["seq"] == 300
