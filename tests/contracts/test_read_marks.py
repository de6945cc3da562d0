"""What every ReadMarks promises."""

from __future__ import annotations

from random import Random

import pytest
from anyio import create_task_group

from dialogue.domain.event import Event
from dialogue.domain.ports.read_marks import Mark
from dialogue.domain.position import StreamFloor

from .storage import OF_DIALOGUE, Storage


async def test_what_came_after_the_mark_is_unread_over_all_names(storage: Storage) -> None:
    await storage.publish("general", "message", "note", "message", "rare", "message")
    assert await storage.marks.mark("ada", "general", 2) == Mark(seq=2, unread=3)
    assert await storage.marks.unread("ada", ["general"]) == {"general": 3}
    await storage.publish("general", "note", "other")
    assert await storage.marks.unread("ada", ["general"]) == {"general": 5}
    assert await storage.marks.mark("ada", "general", 7) == Mark(seq=7, unread=0)


async def test_ones_own_events_are_not_unread_whenever_they_were_sent(storage: Storage) -> None:
    await storage.publish("general", *["message"] * 10)
    await storage.publish("general", "message", sender="bob")
    await storage.publish("general", "message", sender="ada")
    assert await storage.marks.mark("ada", "general", 10) == Mark(seq=10, unread=1)
    assert await storage.marks.mark("bob", "general", 10) == Mark(seq=10, unread=1)
    assert await storage.marks.mark("eve", "general", 10) == Mark(seq=10, unread=2)
    await storage.publish("general", "note", "message", sender="ada")
    assert await storage.marks.unread("ada", ["general"]) == {"general": 1}
    assert await storage.marks.unread("bob", ["general"]) == {"general": 3}


async def test_counting_stops_at_a_thousand(storage: Storage) -> None:
    for count in (400, 400, 199):
        await storage.publish("general", *["message", "note"] * count)
        await storage.publish("general", *["message"] * 50, sender="ada")
    assert (await storage.marks.mark("ada", "general", 999)).unread == 1_000
    head = (await storage.archive.open("general")).head
    assert (await storage.marks.mark("ada", "general", head - 448)).unread == 398
    await storage.publish("general", *["message"] * 1_003, sender="ada")
    assert await storage.marks.unread("ada", ["general"]) == {"general": 398}


async def test_a_mark_at_0_leaves_everything_unread(storage: Storage) -> None:
    await storage.publish("general", "message", "note")
    assert await storage.marks.mark("ada", "general", 0) == Mark(seq=0, unread=2)


async def test_a_mark_never_moves_back(storage: Storage) -> None:
    await storage.publish("general", *["message"] * 5)
    await storage.marks.mark("ada", "general", 4)
    assert await storage.marks.mark("ada", "general", 2) == Mark(seq=4, unread=1)
    assert await storage.marks.unread("ada", ["general"]) == {"general": 1}


async def test_users_and_rooms_have_marks_of_their_own(storage: Storage) -> None:
    for room_id in ("a", "b", "c"):
        await storage.publish(room_id, "message", "message")
    await storage.marks.mark("ada", "a", 1)
    await storage.marks.mark("ada", "b", 2)
    await storage.marks.mark("bob", "a", 0)
    assert await storage.marks.unread("ada", ["a", "b", "c", "nowhere"]) == {"a": 1, "b": 0}
    assert await storage.marks.unread("ada", ["b"]) == {"b": 0}
    assert await storage.marks.unread("bob", ["a", "b"]) == {"a": 2}
    assert await storage.marks.unread("ada ", ["a"]) == await storage.marks.unread("ada", []) == {}


async def test_events_of_the_system_are_not_counted_and_names_that_look_like_theirs_are(storage: Storage) -> None:
    await storage.marks.mark("ada", "general", 0)
    await storage.publish("general", "dialogue.redacted", "dialogue", "Dialogue.x", "dialogue.", "dialoguex")
    assert await storage.marks.unread("ada", ["general"]) == {"general": 3}


async def test_a_mark_beyond_the_head_counts_as_the_head(storage: Storage) -> None:
    await storage.publish("general", "message", "note")
    assert await storage.marks.mark("ada", "general", 50) == Mark(seq=2, unread=0)
    assert await storage.marks.unread("ada", ["general"]) == {"general": 0}


async def test_a_room_that_was_never_seen_or_has_no_events_has_nothing_unread(storage: Storage) -> None:
    assert await storage.marks.mark("ada", "nowhere", 0) == Mark(seq=0, unread=0)
    await storage.archive.open("opened")
    assert await storage.marks.mark("ada", "opened", 0) == Mark(seq=0, unread=0)
    assert await storage.marks.unread("ada", ["nowhere", "opened"]) == {"nowhere": 0, "opened": 0}


@OF_DIALOGUE
async def test_what_retention_took_from_a_stream_is_not_unread(storage: Storage) -> None:
    events = await storage.publish("general", *["message", "note"] * 5)
    await storage.marks.mark("ada", "general", 2)
    messages = [event for event in events if event.name == "message"]
    for gone, unread in ((1, 8), (3, 6), (5, 4)):
        floor = StreamFloor(event_seq=gone, seq=messages[gone - 1].place)
        await storage.archive.trim("general", "message", floor)
        assert await storage.marks.unread("ada", ["general"]) == {"general": unread}


async def test_a_redacted_event_still_counts_and_its_redaction_does_not(storage: Storage) -> None:
    await storage.publish("general", "message", "message")
    await storage.redact("general", 2)
    assert await storage.marks.mark("ada", "general", 1) == Mark(seq=1, unread=1)


@pytest.mark.parametrize("is_swept", [False, True])
async def test_marks_end_with_the_life_of_their_room(storage: Storage, is_swept: bool) -> None:
    await storage.publish("general", *["message", "note"] * 5)
    await storage.marks.mark("ada", "general", 3)
    await storage.marks.mark("bob", "general", 10)
    await storage.rooms.delete("general")
    if is_swept:
        assert await storage.sweep_all() == storage.rows(14)  # ten events, two streams, two marks
    for user in ("ada", "bob"):
        assert await storage.marks.unread(user, ["general"]) == {}
    await storage.publish("general", "note", "new", "note")
    assert await storage.marks.unread("ada", ["general"]) == {}
    assert await storage.marks.mark("ada", "general", 2) == Mark(seq=10, unread=3)
    assert await storage.marks.mark("ada", "general", 11) == Mark(seq=11, unread=2)
    assert await storage.marks.unread("ada", ["general"]) == {"general": 2}


async def test_all_marks_of_a_user_are_forgotten_and_no_others(storage: Storage) -> None:
    rooms = [f"room-{number}" for number in range(1_201)]
    async with create_task_group() as tasks:
        for room_id in rooms:
            tasks.start_soon(storage.marks.mark, "ada", room_id, 0)
    await storage.marks.mark("bob", rooms[0], 0)
    assert len(await storage.marks.unread("ada", rooms)) == 1_201
    assert await storage.marks.forget("ada") == 1_201
    assert await storage.marks.unread("ada", rooms) == {}
    assert await storage.marks.unread("bob", rooms) == {rooms[0]: 0}
    assert await storage.marks.forget("ada") == 0


async def test_many_at_once_are_each_answered_with_their_own(storage: Storage) -> None:
    await storage.publish("general", *["message"] * 300)
    answers: dict[int, Mark] = {}

    async def mark(number: int) -> None:
        answers[number] = await storage.marks.mark(f"user-{number}", "general", number)

    async with create_task_group() as tasks:
        for number in range(301):
            tasks.start_soon(mark, number)
    assert answers == {number: Mark(seq=number, unread=300 - number) for number in range(301)}


async def test_the_answers_of_one_user_never_go_back(storage: Storage) -> None:
    await storage.publish("general", *["message"] * 250)
    answers: list[int] = []

    async def mark(seq: int) -> None:
        answers.append((await storage.marks.mark("ada", "general", seq)).seq)

    async with create_task_group() as tasks:
        for seq in range(250, 0, -1):
            tasks.start_soon(mark, seq)
        for seq in range(250):
            tasks.start_soon(mark, seq)
    assert len(answers) == 500
    assert answers == sorted(answers)
    assert answers[-1] == 250


@pytest.mark.parametrize("seed", range(5))
async def test_the_count_is_that_of_a_list(storage: Storage, seed: int) -> None:
    """Publishes of several names, marks and ended lives in any order."""
    draw = Random(seed)
    events: list[Event] = []
    marks: dict[str, int] = {}
    floor = 0
    for _ in range(80):
        match draw.randrange(8):
            case 0:
                floor = (await storage.archive.open("general")).head
                await storage.rooms.delete("general")
                events.clear()
            case 1:
                await storage.archive.sweep(draw.randrange(1, 4), 1_000)
            case 2 | 3 | 4:
                names = draw.choices(
                    ["message", "note", "rare", "dialogue.redacted"], [9, 5, 1, 2], k=draw.randrange(9)
                )
                sender = draw.choice(["author", *"abc"])
                events += await storage.publish("general", *names, sender=sender)
            case _:
                head = (await storage.archive.open("general")).head
                user, seq = draw.choice("abc"), draw.randint(0, head)
                marks[user] = max(marks.get(user, 0), seq, floor)
                assert await storage.marks.mark(user, "general", seq) == Mark(
                    seq=marks[user], unread=unread(events, user, marks[user])
                )
    for user, seq in marks.items():
        expected = {"general": unread(events, user, seq)} if seq > floor or not floor else {}
        assert await storage.marks.unread(user, ["general"]) == expected


def unread(events: list[Event], user: str, mark: int) -> int:
    later = (event for event in events if event.place > mark and event.sender != user)
    return sum(1 for event in later if not event.name.startswith("dialogue."))
