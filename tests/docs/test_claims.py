"""What the pages on retention, redaction, recovery, durability and bounds claim of the server and the library."""

from __future__ import annotations

import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio import create_task_group, fail_after
from anyio.lowlevel import checkpoint

from dialogue import DialogueApp, DialogueError, Event, History, RoomConfig, create_dialogue, define_event

from ..support.blocking_client import BlockingClient, blocking
from ..support.forked import run_process
from ..support.server_process import DEADLINE_S, ServerProcess
from .running import dialogue, environment, process

ANSWER_S = 30.0
APP = """
from dialogue import History, RoomConfig, RuntimeRooms, create_dialogue, define_event

message = define_event("message", history=History(limit=2))
reading = define_event("reading", history=History(limit=2, max_events=3))
dialogue = create_dialogue(
    database="memory://",
    settings={"sweep_interval_s": 0.02},
    rooms={name: RoomConfig(name=name, events=[message, reading]) for name in ("house", "talk", "once")},
    runtime_rooms=RuntimeRooms(events=[message]),
)
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with retention that sweeps all the time."""
    folder = tmp_path_factory.mktemp("house")
    (folder / "house.py").write_text(APP, encoding="utf-8")
    with process(dialogue("serve", "house:dialogue", "--port", "0"), folder) as running:
        yield running


@pytest.fixture(scope="module")
def http(served: ServerProcess) -> Iterator[httpx.Client]:
    """Ada, over HTTP."""
    with httpx.Client(base_url=f"http://{served.address}", headers={"X-User-Id": "ada"}) as client:
        yield client


@pytest.fixture
def bob(served: ServerProcess) -> Iterator[BlockingClient]:
    """Bob, over a WebSocket."""
    with blocking(served.ws, "bob") as client:
        yield client


def publish(http: httpx.Client, *names: str, room: str = "house") -> None:
    for name in names:
        http.post(f"/rooms/{room}/events", json={"event": name, "data": 1}).raise_for_status()


def page(http: httpx.Client, query: str) -> Any:
    return http.get(f"/rooms/house/events?{query}").json()


def seqs(events: list[dict[str, Any]]) -> list[int]:
    return [event["seq"] for event in events]


@pytest.fixture(scope="module")
def retained(http: httpx.Client) -> str:
    """A room of messages at 1 and 8, and readings at 2 to 7 of which 5 to 7 are left; its epoch from before."""
    publish(http, "message", *["reading"] * 6)
    epoch: str = page(http, "limit=1")["epoch"]
    publish(http, "message")
    deadline = time.monotonic() + ANSWER_S
    while len(page(http, "event=reading")["events"]) > 3:
        assert time.monotonic() < deadline
    return epoch


def test_a_page_of_one_name_ends_at_its_floor(http: httpx.Client, retained: str) -> None:
    """And `before` at that end is an empty page; the epoch is the same."""
    found = page(http, "event=reading")
    assert (seqs(found["events"]), found["hasMore"], found["epoch"]) == ([7, 6, 5], False, retained)
    assert page(http, "event=reading&before=5")["events"] == []


@pytest.mark.usefixtures("retained")
def test_a_merged_page_goes_on_below_the_highest_floor(http: httpx.Client) -> None:
    """With what is left of each name."""
    found = page(http, "limit=50")
    assert (seqs(found["events"]), found["hasMore"]) == ([8, 7, 6, 5, 1], False)
    assert seqs(page(http, "before=4")["events"]) == [1]


@pytest.mark.usefixtures("retained")
@pytest.mark.parametrize(
    "query", ["after=3", "around=3", "event=reading&after=3", "event=reading&start=0&end=2&anchor=3"]
)
def test_what_begins_below_the_highest_floor_is_unknown(http: httpx.Client, query: str) -> None:
    """With the floor in the details; at the floor itself it is not."""
    refused = page(http, query)
    assert (refused["status"], refused["code"], refused["details"]["floor"]) == (410, "POSITION_UNKNOWN", 4)
    assert "events" in page(http, query.replace("3", "4"))
    assert seqs(page(http, "event=message&after=1")["events"]) == [8]


def test_recovery_goes_by_the_floors_of_the_subscribed_names(bob: BlockingClient, retained: str) -> None:
    """A name that lost events spoils nothing for who does not want it."""

    def back(seq: int, *names: str) -> dict[str, Any]:
        return bob.ask("join", roomId="house", since={"epoch": retained, "seq": seq}, events=names)

    assert back(3, "message", "reading")["recovered"] is False
    both = back(4, "message", "reading")
    assert (both["recovered"], seqs(both["history"])) == (True, [8, 7, 6, 5])
    alone = back(0, "message")
    assert (alone["recovered"], seqs(alone["history"])) == (True, [8, 1])
    assert back(9, "message")["recovered"] is False


def test_a_redaction_reaches_a_member_who_subscribed_to_nothing(http: httpx.Client, bob: BlockingClient) -> None:
    """Live and in a recovery."""
    publish(http, "message", room="talk")
    joined = bob.ask("join", roomId="talk", events=[])
    http.delete("/rooms/talk/events/1").raise_for_status()
    [told] = bob.push("events")["events"]
    assert (told["event"], told["seq"], told["data"]) == ("dialogue.redacted", 2, {"seq": 1, "by": "ada"})
    again = bob.ask("join", roomId="talk", events=[], since=joined["position"])
    assert (again["recovered"], again["history"], again["events"]) == (True, [told], [])


def test_who_may_redact_and_what(http: httpx.Client, bob: BlockingClient) -> None:
    """Who sent it and who made the room, as often as they like; no redaction, and nothing that is not there."""
    assert bob.ask("createRoom", room={"id": "bobs", "name": "Bob’s"})["type"] == "roomCreated"
    publish(http, "message", "message", room="bobs")

    def redact(seq: int, user: str) -> int:
        return http.delete(f"/rooms/bobs/events/{seq}", headers={"X-User-Id": user}).status_code

    assert redact(1, "eve") == 403
    assert [redact(1, "ada"), redact(1, "ada"), redact(2, "bob")] == [204, 204, 204]
    assert [redact(3, "ada"), redact(9, "ada")] == [410, 410]


def test_a_repeat_of_a_redacted_event_is_still_a_repeat(http: httpx.Client) -> None:
    request = {"json": {"event": "message", "data": 1}, "headers": {"Idempotency-Key": "k"}}
    assert http.post("/rooms/once/events", **request).status_code == 201  # type: ignore[arg-type]
    http.delete("/rooms/once/events/1").raise_for_status()
    again = http.post("/rooms/once/events", **request)  # type: ignore[arg-type]
    assert (again.status_code, again.json()["seq"], again.json()["redacted"]) == (200, 1, True)


def doctor(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return run_process(dialogue("doctor", *options), folder, environment(), DEADLINE_S)


def test_the_doctor_says_how_many_rooms_have_new_epochs_and_wants_the_database_for_itself(tmp_path: Path) -> None:
    """Seqs go on, and what was there stays."""
    with (
        process(dialogue("serve", "--port", "0"), tmp_path) as running,
        httpx.Client(base_url=f"http://{running.address}", headers={"X-User-Id": "ada"}) as http,
    ):
        event = {"event": "message", "data": {"text": "Hello", "username": "Ada"}}
        http.post("/rooms/general/events", json=event).raise_for_status()
        epoch = http.get("/rooms/general/events").json()["epoch"]
        assert doctor(tmp_path, "--new-epochs").returncode == 1
    done = doctor(tmp_path, "--new-epochs")
    assert (done.returncode, "1 rooms have new epochs" in done.stderr) == (0, True)
    assert doctor(tmp_path).returncode == 2
    assert doctor(tmp_path, "--new-epochs", "--database", "memory://").returncode == 1
    missing = doctor(tmp_path, "--new-epochs", "--database", "sqlite:///dialouge.db")
    assert (missing.returncode, missing.stderr) == (1, "error: dialouge.db does not exist\n")
    assert not (tmp_path / "dialouge.db").exists()
    with process(dialogue("serve", "--port", "0"), tmp_path) as running:
        found = httpx.get(f"http://{running.address}/rooms/general/events?userId=ada").json()
        assert (seqs(found["events"]), found["epoch"] == epoch) == ([1], False)


note = define_event("note", history=History(limit=3))


def application(folder: Path, **settings: object) -> DialogueApp:
    database = f"sqlite:///{folder}/notes.db"
    return create_dialogue(
        rooms={"notes": RoomConfig(name="Notes", events=[note])}, database=database, settings=settings
    )


async def test_an_idle_room_leaves_memory_and_comes_back_unchanged(tmp_path: Path) -> None:
    app = application(tmp_path, idle_room_s=0.01)
    async with app.lifespan():
        kept = [await app.trigger("notes", note, number, sender="ada") for number in range(5)]
        before = await app.room("notes").position()
        with fail_after(ANSWER_S):
            while app.container.registry().opened("notes") is not None:
                await checkpoint()
        assert await app.room("notes").history(note) == kept[::-1]
        assert await app.room("notes").position() == before


async def test_a_draft_that_the_database_refuses_is_refused_alone(tmp_path: Path) -> None:
    """Here by a trigger that the database's owner has made; the others of its batch are kept, in their order."""
    app = application(tmp_path)
    outcomes: dict[int, Event | str] = {}

    async def publish(number: int) -> None:
        try:
            outcomes[number] = await app.trigger("notes", note, "bad" if number == 7 else number, sender="ada")
        except DialogueError as error:
            outcomes[number] = error.code

    async with app.lifespan():
        await app.room("notes").position()
        with sqlite3.connect(tmp_path / "notes.db") as database:
            database.execute(
                "CREATE TRIGGER picky BEFORE INSERT ON messages WHEN NEW.event_data = '\"bad\"' "
                "BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
        database.close()
        async with create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(publish, number)
        history = await app.room("notes").history(note)
    assert outcomes.pop(7) == "INVALID_EVENT"
    assert sorted(history, key=lambda event: event.place) == [outcomes[number] for number in sorted(outcomes)]
    assert [event.seq for event in history] == list(range(19, 0, -1))
