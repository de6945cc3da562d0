"""Retention on a running server: what is past it goes, and every reader is told so."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from anyio import fail_after

from ..support.server_process import DIALOGUE, ServerProcess
from ..support.wire_client import DEADLINE_S, WireClient, connected, seqs

APP = """
from datetime import timedelta
from dialogue import History, RoomConfig, create_dialogue, define_event

few = define_event("few", history=History(limit=3, max_events=5))
brief = define_event("brief", history=History(limit=3, max_age=timedelta(milliseconds=1)))
kept = define_event("kept", history=History(limit=3))
rooms = {name: RoomConfig(name=name, events=[few, brief, kept], sync_history_on_join=50) for name in "abcdef"}
dialogue = create_dialogue(rooms=rooms)
"""


@pytest.fixture(scope="module")
def retaining(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that sweeps all the time."""
    folder = tmp_path_factory.mktemp("retaining")
    (folder / "retaining.py").write_text(APP)
    command = [*DIALOGUE, "retaining:dialogue", "--port", "{port}"]
    running = ServerProcess(folder, command, {"DIALOGUE_SWEEP_INTERVAL_S": "0.02"})
    try:
        yield running.start()
        assert running.stop() == 0
        assert running.faults == []
    finally:
        running.kill()


@pytest.fixture
async def ada(retaining: ServerProcess) -> AsyncIterator[WireClient]:
    async with connected(retaining.ws, "ada") as client:
        yield client


async def until_left(client: WireClient, room: str, name: str, amount: int) -> list[int]:
    with fail_after(DEADLINE_S):
        while len(events := (await client.page(room, event=name, limit=100))["events"]) > amount:
            pass
    return seqs(events)


async def test_a_stream_keeps_its_newest_and_pages_end_at_its_floor(ada: WireClient) -> None:
    await ada.join("a")
    for name in ("few", "kept"):
        await ada.publish("a", 20, name)
    assert await until_left(ada, "a", "few", 5) == [20, 19, 18, 17, 16]
    page = await ada.page("a", event="few", limit=3)
    assert (seqs(page["events"]), page["hasMore"]) == ([20, 19, 18], True)
    page = await ada.page("a", event="few", before=18, limit=3)
    assert (seqs(page["events"]), page["hasMore"]) == ([17, 16], False)
    page = await ada.page("a", event="few", start=3, end=10)
    assert (seqs(page["events"]), page["hasMore"]) == ([17, 16], False)
    assert (await ada.page("a", event="few", before=16))["events"] == []
    assert seqs((await ada.page("a", limit=100))["events"]) == list(range(40, 15, -1))
    for form in ({"after": 14}, {"around": 14}, {"anchor": 14, "start": 0, "end": 5}):
        refused = await ada.refused("getHistory", roomId="a", event="few", **form)
        assert refused["code"] == "POSITION_UNKNOWN"
        assert refused["details"]["floor"] == 15
    assert seqs((await ada.page("a", event="few", after=15))["events"]) == [20, 19, 18, 17, 16]
    assert seqs((await ada.page("a", event="kept", after=14, limit=2))["events"]) == [22, 21]


async def test_a_position_below_the_floor_of_a_subscribed_name_is_not_recovered(ada: WireClient) -> None:
    since = (await ada.join("b"))["position"]
    await ada.publish("b", 10, "few")
    assert await until_left(ada, "b", "few", 5) == [10, 9, 8, 7, 6]
    for seq, names, recovered in ((4, ["few"], False), (5, ["few"], True), (0, ["kept"], True), (0, ["few"], False)):
        back = await ada.join("b", since={**since, "seq": seq}, events=names)
        assert back["recovered"] is recovered, (seq, names)
        assert seqs(back["history"]) == ([10, 9, 8, 7, 6] if names == ["few"] else [])


async def test_age_empties_a_stream_and_numbers_go_on(ada: WireClient) -> None:
    await ada.join("c")
    await ada.publish("c", 5, "brief")
    assert await until_left(ada, "c", "brief", 0) == []
    assert (await ada.trigger("c", "brief"))["seq"] == 6


async def test_readers_of_any_form_see_contiguous_runs_while_events_go(
    retaining: ServerProcess, ada: WireClient
) -> None:
    """Whatever is trimmed while a page or a recovery is read, what it gives has no hole."""
    await ada.join("d", events=["few"])
    async with connected(retaining.ws, "bob") as bob:
        position = (await bob.join("d", events=["few"]))["position"]
        recovered = 0
        for _ in range(60):
            sent = [await ada.send("trigger", roomId="d", event="few", data=1) for _ in range(7)]
            page = seqs((await bob.page("d", event="few", limit=10))["events"])
            assert page == list(range(page[0], page[0] - len(page), -1)) if page else True
            await ada.answers(sent)
            back = await bob.join("d", events=["few"], since=position)
            found = seqs(back["history"])
            assert found == list(range(back["position"]["seq"], back["position"]["seq"] - len(found), -1))
            if back["recovered"]:
                recovered += 1
                assert len(found) == back["position"]["seq"] - position["seq"]
            position = {**back["position"], "seq": max(0, back["position"]["seq"] - 3)}
        assert recovered
