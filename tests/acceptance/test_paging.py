"""Every form of page, against the list of what was published."""

from __future__ import annotations

import pytest
from anyio import create_task_group

from ..support.wire_client import Message, WireClient, error_paths, seqs

NAMES = ["message", "note", "message", "rare", "message", "note"]
TOTAL = 60


@pytest.fixture
async def history(ada: WireClient, room: str) -> list[Message]:
    """What the room's history is, oldest first: far more than its buffers hold."""
    await ada.join(room)
    for index in range(TOTAL):
        await ada.send("trigger", roomId=room, event=NAMES[index % len(NAMES)], data={"text": str(index)})
    events = await ada.events(TOTAL, room)
    assert seqs(events) == list(range(1, TOTAL + 1))
    return events


def named(history: list[Message], event: str | None) -> list[Message]:
    return [each for each in history if event in (None, each["event"])]


async def same_page(client: WireClient, room: str, expected: list[Message], has_more: bool, **fields: object) -> None:
    page = await client.page(room, **fields)
    assert page["type"] == "history"
    assert page["roomId"] == room
    assert page.get("event") == fields.get("event")
    assert page["events"] == expected, fields
    assert page["hasMore"] is has_more, fields
    assert ("hasMoreAfter" in page) is ("around" in fields)


@pytest.mark.parametrize("event", [None, "message", "note", "rare"])
@pytest.mark.parametrize("limit", [1, 7, 30, 1_000])
async def test_newest_before_and_after(
    ada: WireClient, room: str, history: list[Message], event: str | None, limit: int
) -> None:
    of_name = {} if event is None else {"event": event}
    all_of_it = named(history, event)
    for seq in (None, 0, 1, 2, 25, TOTAL - 11, TOTAL, TOTAL + 1):
        older = [each for each in all_of_it if seq is None or each["seq"] < seq][::-1]
        before = {} if seq is None else {"before": seq}
        await same_page(ada, room, older[:limit], len(older) > limit, limit=limit, **before, **of_name)
        if seq is not None:
            newer = [each for each in all_of_it if each["seq"] > seq]
            await same_page(ada, room, newer[:limit][::-1], len(newer) > limit, limit=limit, after=seq, **of_name)


@pytest.mark.parametrize("event", [None, "message", "rare"])
@pytest.mark.parametrize("limit", [1, 2, 7, 1_000])
async def test_around_is_one_run_with_half_on_each_side(
    ada: WireClient, room: str, history: list[Message], event: str | None, limit: int
) -> None:
    of_name = {} if event is None else {"event": event}
    newest_first = named(history, event)[::-1]
    for seq in (0, 1, 3, 30, 52, TOTAL, TOTAL + 1):
        page = await ada.page(room, around=seq, limit=limit, **of_name)
        events = page["events"]
        assert len(events) == min(limit, len(newest_first))
        first = newest_first.index(events[0])
        assert events == newest_first[first : first + len(events)]
        assert page["hasMoreAfter"] is (first > 0)
        assert page["hasMore"] is (first + len(events) < len(newest_first))
        if seq in seqs(newest_first):
            assert seq in seqs(events)
        newer = [each for each in events if each["seq"] > seq]
        if page["hasMore"] and page["hasMoreAfter"]:
            assert abs(len(newer) - limit / 2) <= 1


@pytest.mark.parametrize("event", ["message", "note", "rare"])
async def test_offsets_count_from_the_newest_or_from_the_anchor(
    ada: WireClient, room: str, history: list[Message], event: str
) -> None:
    for anchor in (None, 0, 1, 6, 31, TOTAL, TOTAL + 1):
        anchored = {} if anchor is None else {"anchor": anchor}
        counted = [each for each in named(history, event)[::-1] if anchor is None or each["seq"] <= anchor]
        for start, end in ((0, 1), (0, 5), (3, 12), (8, 40), (29, 30), (30, 31), (0, 1_000), (5_000, 5_001)):
            expected = counted[start:end]
            has_more = bool(expected) and len(counted) > end
            await same_page(ada, room, expected, has_more, event=event, start=start, end=end, **anchored)


async def test_times_mean_the_first_event_of_that_time_or_later(
    ada: WireClient, room: str, history: list[Message]
) -> None:
    times = sorted({event["timestamp"] for event in history})
    for time in (0, times[0] - 1, *times, times[-1] + 1, 2**53):
        first = next((event["seq"] for event in history if event["timestamp"] >= time), TOTAL + 1)
        for event in (None, "message"):
            of_name = {} if event is None else {"event": event}
            older = [each for each in named(history, event) if each["seq"] < first][::-1]
            await same_page(ada, room, older[:9], len(older) > 9, beforeTime=time, limit=9, **of_name)
            newer = [each for each in named(history, event) if each["seq"] > first]
            await same_page(ada, room, newer[:9][::-1], len(newer) > 9, afterTime=time, limit=9, **of_name)


async def test_the_default_limit_is_fifty(ada: WireClient, room: str, history: list[Message]) -> None:
    await same_page(ada, room, history[:9:-1], True)


async def test_the_answer_names_the_epoch_and_a_request_may_carry_it(
    ada: WireClient, room: str, history: list[Message]
) -> None:
    epoch = (await ada.page(room))["epoch"]
    assert epoch == (await ada.join(room))["position"]["epoch"]
    await same_page(ada, room, history[:-2:-1], True, limit=1, epoch=epoch)


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 1_001}, "limit"),
        ({"limit": -1}, "limit"),
        ({"limit": "5"}, "limit"),
        ({"limit": 5.5}, "limit"),
        ({"limit": True}, "limit"),
        ({"limit": 10**30}, "limit"),
        ({"before": -1}, "before"),
        ({"before": "5"}, "before"),
        ({"before": 2**53 + 1}, "before"),
        ({"after": -1}, "after"),
        ({"after": 1.5}, "after"),
        ({"around": -1}, "around"),
        ({"around": []}, "around"),
        ({"beforeTime": -1}, "beforeTime"),
        ({"beforeTime": "2026-01-01"}, "beforeTime"),
        ({"afterTime": -1}, "afterTime"),
        ({"event": "note", "start": 0}, "end"),
        ({"event": "note", "end": 5}, "start"),
        ({"event": "note", "start": -1, "end": 5}, "start"),
        ({"event": "note", "start": 0, "end": -5}, "end"),
        ({"event": "note", "start": 5, "end": 5}, "end"),
        ({"event": "note", "start": 5, "end": 4}, "end"),
        ({"event": "note", "start": 0, "end": 1_001}, "end"),
        ({"event": "note", "start": "0", "end": 5}, "start"),
        ({"start": 0, "end": 5}, "event"),
        ({"event": "note", "start": 0, "end": 5, "limit": 5}, "limit"),
        ({"event": "note", "anchor": 5}, "anchor"),
        ({"event": "note", "start": 0, "end": 5, "anchor": -1}, "anchor"),
        ({"event": "note", "start": 0, "end": 5, "anchor": "5"}, "anchor"),
        ({"before": 1, "after": 1}, "after"),
        ({"before": 1, "around": 1}, "around"),
        ({"after": 1, "afterTime": 1}, "afterTime"),
        ({"event": "note", "before": 1, "start": 0, "end": 5}, "start"),
        ({"event": 7}, "event"),
        ({"event": ""}, "event"),
        ({"event": "x" * 101}, "event"),
        ({"epoch": 7}, "epoch"),
        ({"roomId": 7}, "roomId"),
    ],
)
async def test_anything_else_is_refused_with_the_field_that_is_wrong(
    ada: WireClient, fields: dict[str, object], path: str
) -> None:
    await ada.join("hall")
    error = await ada.refused("getHistory", **{"roomId": "hall", **fields})
    assert (error["code"], error_paths(error)) == ("INVALID_REQUEST", [path])


@pytest.mark.parametrize("event", ["shout", "typing"])
async def test_no_such_name_or_one_without_history_is_not_allowed(ada: WireClient, event: str) -> None:
    await ada.join("hall")
    error = await ada.refused("getHistory", roomId="hall", event=event)
    assert (error["code"], error["details"]["event"]) == ("EVENT_NOT_ALLOWED", event)


@pytest.mark.parametrize(
    "fields",
    [
        {"before": TOTAL + 2},
        {"after": TOTAL + 2},
        {"around": TOTAL + 2},
        {"event": "note", "start": 0, "end": 5, "anchor": TOTAL + 2},
        {"epoch": "another"},
        {"epoch": "another", "event": "note", "start": 0, "end": 5},
    ],
)
async def test_an_unknown_position_is_told_with_the_valid_range(
    ada: WireClient, room: str, history: list[Message], fields: dict[str, object]
) -> None:
    error = await ada.refused("getHistory", roomId=room, **fields)
    assert error["code"] == "POSITION_UNKNOWN"
    epoch = (await ada.page(room))["epoch"]
    assert error["details"] == {"epoch": epoch, "floor": 0, "head": TOTAL}


async def test_a_room_without_any_history_gives_empty_pages(ada: WireClient) -> None:
    await ada.join("signals")
    for fields in ({}, {"before": 0}, {"after": 0}, {"around": 1}, {"beforeTime": 5}):
        page = await ada.page("signals", **fields)
        assert (page["events"], page["hasMore"]) == ([], False)


async def test_pages_meet_while_events_arrive(ada: WireClient, bob: WireClient, room: str) -> None:
    """With cursors and with an anchor, one pass to the beginning gives each event once, whatever arrives meanwhile."""
    await bob.join(room, events=["typing"])
    await bob.publish(room, 100)
    await ada.join(room, events=["typing"])

    async def by_cursor() -> None:
        page = await ada.page(room, limit=7)
        read = page["events"]
        while page["hasMore"]:
            page = await ada.page(room, before=read[-1]["seq"], limit=7)
            read += page["events"]
        assert seqs(read) == list(range(read[0]["seq"], 0, -1))

    async def by_anchor() -> None:
        page = await ada.page(room, event="message", start=0, end=9)
        read, anchor = page["events"], page["events"][0]["seq"]
        while page["hasMore"]:
            start = len(read)
            page = await ada.page(room, event="message", start=start, end=start + 9, anchor=anchor)
            read += page["events"]
        assert seqs(read) == list(range(anchor, 0, -1))

    async with create_task_group() as tasks:
        tasks.start_soon(bob.publish, room, 400)
        await by_cursor()
        await by_anchor()


async def test_no_page_is_ahead_of_what_was_sent_live(ada: WireClient, bob: WireClient, room: str) -> None:
    await bob.join(room, events=["typing"])
    await ada.join(room)
    async with create_task_group() as tasks:
        tasks.start_soon(bob.publish, room, 300)
        for _ in range(30):
            await ada.page(room, limit=1_000)
            await ada.page(room, event="message", start=0, end=20)
    live = 0
    for frame in ada.frames:
        if frame["type"] == "events":
            assert seqs(frame["events"])[0] == live + 1
            live = frame["events"][-1]["seq"]
        if frame["type"] == "history" and frame["events"]:
            assert frame["events"][0]["seq"] <= live
