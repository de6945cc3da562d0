"""What every HistoryArchive promises of names that patterns allow: a room's history has no more than it may."""

from __future__ import annotations

from dialogue.domain.draft import Draft, DraftByPattern
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.errors import EventNotAllowed
from dialogue.domain.event import Event

from ..support.appending import append
from .storage import OF_DIALOGUE, Storage

MAX = 3


async def by_pattern(storage: Storage, name: str, room_id: str = "general") -> Draft:
    return DraftByPattern.of(await storage.draft(room_id, name), MAX)


async def kept_names(storage: Storage, *names: str) -> list[str | None]:
    """Publish one of each, one after the other; their names, None of those that were refused."""
    outcomes = []
    for name in names:
        outcomes += await append(storage.archive, [await by_pattern(storage, name)])
    assert all(isinstance(outcome, Event | EventNotAllowed) for outcome in outcomes), outcomes
    return [outcome.name if isinstance(outcome, Event) else None for outcome in outcomes]


@OF_DIALOGUE
async def test_a_name_that_would_be_one_too_many_is_refused_and_known_ones_are_not(storage: Storage) -> None:
    assert await kept_names(storage, "a", "b", "new", "other", "a", "rare", "new") == [
        "a",
        "b",
        "new",
        None,
        "a",
        None,
        "new",
    ]
    assert [event.name for event in await storage.all("general")] == ["a", "b", "new", "a", "new"]
    assert set((await storage.archive.open("general")).streams) == {"a", "b", "new"}


@OF_DIALOGUE
async def test_names_of_one_batch_count_for_one_another_and_so_do_rooms_for_themselves_alone(storage: Storage) -> None:
    named = [("general", "a"), ("b", "a"), ("general", "b"), ("general", "new"), ("general", "other"), ("b", "other")]
    drafts = [await by_pattern(storage, name, room_id) for room_id, name in named]
    outcomes = await append(storage.archive, drafts)
    assert [isinstance(outcome, Event) for outcome in outcomes] == [True, True, True, True, False, True]


@OF_DIALOGUE
async def test_a_group_is_refused_as_a_whole_where_one_of_its_names_is_too_many(storage: Storage) -> None:
    await storage.append([await by_pattern(storage, "a"), await by_pattern(storage, "b")])
    group = DraftGroup.of(*[await by_pattern(storage, name) for name in ("a", "new", "other")])
    [refusal] = await storage.archive.append([group], {}, 1)
    assert isinstance(refusal, EventNotAllowed)
    assert refusal.details["maxEventNames"] == MAX
    assert [event.name for event in await storage.all("general")] == ["a", "b"]
    assert await kept_names(storage, "new", "other") == ["new", None], "a refused group takes no names"


@OF_DIALOGUE
async def test_names_with_definitions_of_their_own_count_and_are_never_refused(storage: Storage) -> None:
    await storage.publish("general", "message", "note", "typing", "rare")
    assert await kept_names(storage, "new", "note") == [None, "note"]
    assert (await storage.publish("general", "other"))[0].event_seq == 1


@OF_DIALOGUE
async def test_the_name_of_redactions_does_not_count(storage: Storage) -> None:
    [first, _] = await storage.publish("general", "message", "note")
    assert isinstance(await storage.redact("general", first.place), Event)
    assert await kept_names(storage, "new", "other") == ["new", None]
