"""In what an application's own storage differs from the contracts that the others keep to.

What it holds is the application's: nothing of it is trimmed or swept, and what was handed over is not redacted.
"""

from __future__ import annotations

from anyio import fail_after
from anyio.lowlevel import checkpoint

from dialogue.adapters.own_storage.own_stream import NO_FLOOR
from dialogue.domain.errors import InvalidRequest
from dialogue.domain.names import REDACTED
from dialogue.domain.position import StreamFloor, StreamHead
from dialogue.domain.retention import Retention

from .storage import LIMIT, NAMES, Storage, over, seqs

pytestmark = over("own")


async def handed_over(storage: Storage, room_id: str, seq: int) -> None:
    """Wait until the storage has the event at `seq`."""
    with fail_after(30):
        while (room_id, seq) in (await storage.user_events.sent_by("author", "", 1_000)).places:
            await checkpoint()


async def test_the_streams_of_a_room_are_known_from_the_start_and_not_how_far_they_reach_back(
    storage: Storage,
) -> None:
    head = await storage.archive.open("general")
    assert head.epoch
    assert (head.head, head.floor, head.last_timestamp_ms) == (0, 0, 0)
    assert head.streams == {**dict.fromkeys(NAMES, StreamHead(floor=NO_FLOOR)), REDACTED: StreamHead()}
    await storage.publish("general", "message", "typing", "message", now_ms=7)
    head = await storage.archive.open("general")
    assert (head.head, head.floor, head.last_timestamp_ms) == (3, 0, 7)
    assert head.streams["message"] == StreamHead(head=2, floor=NO_FLOOR)
    assert head.streams["typing"] == StreamHead(head=1, floor=NO_FLOOR)


async def test_nothing_is_past_its_retention_and_nothing_is_trimmed(storage: Storage) -> None:
    await storage.publish("general", *["message"] * 6, now_ms=1_000)
    retention = Retention(max_events=1, max_age_ms=1)
    assert await storage.archive.expired("general", "message", retention, 9_000, 10) is None
    await storage.archive.trim("general", "message", StreamFloor(event_seq=3, seq=3))
    assert seqs(await storage.all("general")) == [1, 2, 3, 4, 5, 6]
    assert (await storage.marks.mark("ada", "general", 0)).unread == 6


async def test_what_was_handed_over_is_not_redacted_and_takes_no_place(storage: Storage) -> None:
    await storage.publish("general", *["message"] * (LIMIT + 1))
    await handed_over(storage, "general", 1)
    refused = await storage.redact("general", 1)
    assert isinstance(refused, InvalidRequest)
    assert "was handed over to the application's storage" in str(refused)
    assert (await storage.archive.open("general")).head == LIMIT + 1
    assert [event.is_redacted for event in await storage.all("general")] == [False] * (LIMIT + 1)


async def test_a_users_events_are_those_that_were_not_handed_over(storage: Storage) -> None:
    await storage.publish("general", *["message"] * (LIMIT + 1))
    await handed_over(storage, "general", 1)
    assert (await storage.user_events.sent_by("author", "", 10)).places == [("general", 2), ("general", 3)]


async def test_the_next_life_of_a_room_goes_on_from_the_heads_of_all_its_streams(storage: Storage) -> None:
    await storage.publish("general", "message", "typing", "message", now_ms=5)
    old = await storage.archive.open("general")
    await storage.rooms.delete("general")
    assert await storage.sweep_all() == 0
    new = await storage.archive.open("general")
    assert new.epoch != old.epoch
    assert (new.head, new.floor, new.last_timestamp_ms) == (3, 3, 5)
    for name, head in (("message", 2), ("typing", 1), ("note", 0), (REDACTED, 0)):
        assert new.streams[name] == StreamHead(head=head, floor=head, floor_seq=3)
    [event] = await storage.publish("general", "message", now_ms=1)
    assert (event.seq, event.event_seq, event.timestamp_ms) == (4, 3, 5)
    assert await storage.all("general") == [event]
    assert await storage.source.between("general", "message", 1, 100, 1_000) == [event]
