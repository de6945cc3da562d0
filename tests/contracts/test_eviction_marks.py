"""What every EvictionMarks promises."""

from __future__ import annotations

from .storage import Storage


async def test_a_stream_of_which_nobody_was_told_is_told_up_to_zero(storage: Storage) -> None:
    assert await storage.eviction_marks.acknowledged("general", "message") == 0
    await storage.publish("general", "message")
    assert await storage.eviction_marks.acknowledged("general", "message") == 0


async def test_a_mark_is_remembered_for_its_own_stream(storage: Storage) -> None:
    await storage.publish("general", "message", "message", "note")
    await storage.publish("other", "message")
    await storage.eviction_marks.mark("general", "message", 1)
    await storage.eviction_marks.mark("general", "message", 2)
    assert await storage.eviction_marks.acknowledged("general", "message") == 2
    assert await storage.eviction_marks.acknowledged("general", "note") == 0
    assert await storage.eviction_marks.acknowledged("other", "message") == 0


async def test_marking_a_stream_without_events_does_nothing(storage: Storage) -> None:
    await storage.eviction_marks.mark("general", "message", 1)
    assert await storage.eviction_marks.acknowledged("general", "message") == 0
    await storage.publish("general", "message")
    assert await storage.eviction_marks.acknowledged("general", "message") == 0
