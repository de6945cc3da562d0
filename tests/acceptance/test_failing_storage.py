"""A storage that fails, in ways that it explains and in others: what clients are told, and that the rest goes on."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from anyio import fail_after

from ..support.readiness import readiness_becomes
from ..support.server_process import DEADLINE_S, DIALOGUE, ServerProcess
from ..support.wire_client import WireClient, connected, seqs

APP = """
from dependency_injector import providers
from dialogue import History, RoomConfig, create_dialogue, define_event
from dialogue.adapters.memory.history_archive import MemoryHistoryArchive
from dialogue.adapters.memory.history_source import MemoryHistorySource
from dialogue.domain.errors import Unavailable

reads_fail = False

class Archive(MemoryHistoryArchive):
    async def append(self, groups, applied, now_ms):
        payloads = {draft.payload for group in groups for draft in group.drafts}
        if b'"unavailable"' in payloads:
            raise Unavailable("the disk is full")
        if b'"fault"' in payloads:
            raise RuntimeError("nobody knows")
        return await super().append(groups, applied, now_ms)

class Source(MemoryHistorySource):
    async def older(self, *arguments):
        if reads_fail:
            raise Unavailable("the disk is gone")
        return await super().older(*arguments)

    async def newer(self, *arguments):
        if reads_fail:
            raise Unavailable("the disk is gone")
        return await super().newer(*arguments)

async def switch(event):
    global reads_fail
    reads_fail = event.data

note, switched = define_event("note", history=History(limit=1)), define_event("switch")
dialogue = create_dialogue(
    rooms={"room": RoomConfig(name="Room", events=[note, switched])},
    database="memory://",
    settings={"ready_interval_s": 0.1},
)
dialogue.on("room", switched, switch)
store = dialogue.container.memory_store
dialogue.container.archive.override(providers.Singleton(Archive, store))
dialogue.container.source.override(providers.Singleton(Source, store))
"""


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server whose storage fails when it is told to."""
    folder = tmp_path_factory.mktemp("failing")
    (folder / "failing.py").write_text(APP)
    running = ServerProcess(folder, [*DIALOGUE, "failing:dialogue", "--port", "{port}"])
    try:
        yield running.start()
        assert running.stop() == 0
    finally:
        running.kill()


async def test_unavailable_is_answered_and_the_event_is_neither_kept_nor_sent(failing: ServerProcess) -> None:
    async with connected(failing.ws) as ada, connected(failing.ws) as bob:
        position = (await ada.join("room"))["position"]["seq"]
        await bob.join("room")
        error = await ada.refused("trigger", roomId="room", event="note", data="unavailable")
        assert (error["code"], error["message"]) == ("UNAVAILABLE", "the disk is full")
        assert (await ada.trigger("room", "note", "fine"))["seq"] == position + 1
        events = await bob.events(1)
        assert [event["data"] for event in events] == ["fine"]
        async with httpx.AsyncClient(base_url=failing.http, trust_env=False) as http:
            answer = await http.post("/rooms/room/events?userId=eve", json={"event": "note", "data": "unavailable"})
        assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")


async def test_where_the_outcome_cannot_be_found_out_the_connection_ends_with_1011(failing: ServerProcess) -> None:
    async with connected(failing.ws) as ada, connected(failing.ws) as bob:
        await ada.join("room")
        await bob.join("room")
        request = await ada.send("trigger", roomId="room", event="note", data="fault")
        assert (await ada.closed())[0] == 1011
        assert request not in [frame.get("id") for frame in ada.frames]
        assert (await bob.trigger("room", "note", "fine"))["type"] == "triggered"
        async with httpx.AsyncClient(base_url=failing.http, trust_env=False) as http:
            answer = await http.post("/rooms/room/events?userId=eve", json={"event": "note", "data": "fault"})
        assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL")
        assert "nobody knows" not in answer.text


async def until_reads(client: WireClient, before: int, answer: str) -> None:
    """The application's handler has been called, and reads are answered so: no answer waits for a handler."""
    with fail_after(DEADLINE_S):
        while (await client.answer(await client.send("getHistory", roomId="room", before=before)))["type"] != answer:
            pass


async def test_where_history_cannot_be_read_memory_is_shown_and_what_lies_behind_it_is_unavailable(
    failing: ServerProcess,
) -> None:
    async with connected(failing.ws) as ada, connected(failing.ws) as bob:
        await ada.join("room")
        for number in range(3):
            await ada.trigger("room", "note", number)
        newest = (await ada.page("room", limit=1))["events"][0]
        await ada.trigger("room", "switch", data=True)
        await until_reads(ada, newest["seq"], "error")
        joined = await bob.join("room")
        assert ([event["data"] for event in joined["history"]], joined["hasMore"]) == ([2], True)
        assert (await bob.ask("leave", roomId="room"))["type"] == "left"
        back = await bob.join("room", since={**joined["position"], "seq": joined["position"]["seq"] - 2})
        assert (back["recovered"], len(back["history"])) == (False, 1)
        page = await ada.page("room")
        assert (page["events"], page["hasMore"]) == (joined["history"], True)
        refused = await ada.refused("getHistory", roomId="room", before=newest["seq"])
        assert refused["code"] == "UNAVAILABLE"
        async with httpx.AsyncClient(base_url=failing.http, trust_env=False) as http:
            older = await http.get(f"/rooms/room/events?userId=eve&before={newest['seq']}")
            for answer in (older, await readiness_becomes(http, 503)):
                assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
            assert (await http.get("/health/live")).status_code == 200
        live = (await ada.trigger("room", "note", "live"))["seq"]
        assert live == newest["seq"] + 1
        await ada.send("trigger", roomId="room", event="switch", data=False)
        await until_reads(ada, newest["seq"], "history")
        assert (await bob.join("room"))["history"][0]["seq"] == live
        assert seqs((await ada.page("room", limit=2))["events"]) == [live, live - 1]
