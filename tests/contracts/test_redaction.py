"""What every HistoryArchive and UserEvents promise of redaction and erasure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dialogue.domain.draft import Draft
from dialogue.domain.errors import PositionUnknown
from dialogue.domain.event import Event
from dialogue.domain.outcome import Repeat
from dialogue.domain.page import PageLimit
from dialogue.domain.redaction import ERASED, Redaction

from ..support.appending import append
from .storage import AUTHOR, Storage, seqs


async def test_a_redaction_blanks_the_event_and_is_an_event_itself(storage: Storage) -> None:
    await storage.publish("general", "message", "note", payload=b'"secret"')
    told = await storage.redact("general", 1, by="mod")
    assert isinstance(told, Event)
    assert (told.name, told.seq, told.event_seq, told.sender) == ("dialogue.redacted", 3, 1, "mod")
    assert told.data == {"seq": 1, "by": "mod"}
    first, second, third = await storage.all("general")
    assert (first.is_redacted, first.data, first.meta, first.sender, first.seq) == (True, None, None, AUTHOR, 1)
    assert (second.is_redacted, second.data) == (False, "secret")
    assert (third.data, replace(third, payload=told.payload)) == (told.data, told)
    assert await storage.all("general", ["message"]) == [first]
    assert await storage.source.between("general", "message", 1, 1, 1_000) == [first]


async def test_an_event_whose_data_is_null_is_no_tombstone(storage: Storage) -> None:
    await storage.publish("general", "message", payload=b"null")
    [event] = await storage.all("general")
    assert (event.is_redacted, event.payload) == (False, b"null")
    assert isinstance(await storage.redact("general", 1), Event)


async def test_redacting_twice_tells_it_once(storage: Storage) -> None:
    await storage.publish("general", "message")
    await storage.redact("general", 1)
    assert isinstance(await storage.redact("general", 1), Repeat)
    epoch = (await storage.archive.open("general")).epoch
    await storage.publish("general", "message")
    twice = [Draft.of_redaction(Redaction(seq=3, by="mod"), "general", epoch) for _ in range(2)]
    assert [type(outcome) for outcome in await append(storage.archive, twice, 1)] == [Event, Repeat]
    assert seqs(await storage.all("general")) == [1, 2, 3, 4]


@pytest.mark.parametrize("seq", [0, 2, 3, 99])
async def test_what_is_not_there_or_tells_a_redaction_cannot_be_redacted(storage: Storage, seq: int) -> None:
    await storage.publish("general", "message")
    await storage.redact("general", 1)
    assert isinstance(await storage.redact("general", seq), PositionUnknown)
    assert (await storage.archive.open("general")).head == 2


async def test_events_of_an_earlier_life_cannot_be_redacted(storage: Storage) -> None:
    await storage.publish("general", "message")
    await storage.rooms.delete("general")
    assert isinstance(await storage.redact("general", 1), PositionUnknown)


async def test_a_users_events_are_found_in_bites_over_all_rooms(storage: Storage) -> None:
    for number in range(7):
        sender = "bob" if number % 2 else "ada"
        await storage.append([await storage.draft(f"room-{number % 3}", sender=sender)])
    places: list[tuple[str, int]] = []
    cursor: str | None = ""
    while cursor is not None:
        found = await storage.user_events.sent_by("bob", cursor, 2)
        assert len(found.places) <= 2
        assert found.scanned <= found.total
        places += found.places
        cursor = found.cursor
    assert sorted(places) == [("room-0", 2), ("room-1", 1), ("room-2", 2)]


async def test_what_belongs_to_earlier_lives_is_not_found(storage: Storage) -> None:
    await storage.publish("general", "message", sender="bob")
    await storage.rooms.delete("general")
    assert (await storage.user_events.sent_by("bob", "", 10)).places == []
    await storage.publish("general", "message", sender="bob")
    assert (await storage.user_events.sent_by("bob", "", 10)).places == [("general", 2)]


async def test_erasing_forgets_the_sender_also_of_tombstones_and_of_redactions(storage: Storage) -> None:
    await storage.append([await storage.draft("general", sender="bob", payload=b'"x"') for _ in range(2)])
    await storage.redact("general", 1, by="bob")
    erased = await storage.redact("general", 2, by="system", erases_sender=True)
    assert isinstance(erased, Event)
    assert erased.data == {"seq": 2, "by": "system", "erased": True}
    for seq in (1, 3):
        assert isinstance(await storage.redact("general", seq, by="system", erases_sender=True), Repeat)
    events = await storage.source.newer("general", None, 0, PageLimit())
    assert [event.sender for event in events] == [ERASED, ERASED, ERASED, "system"]
    assert [event.data for event in events[:3]] == [None, None, {"seq": 1, "by": ERASED}]
    assert (await storage.user_events.sent_by("bob", "", 10)).places == []
