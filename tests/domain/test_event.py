"""An event, before and after it has its place."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, fields, replace

import pytest
from pydantic import BaseModel, TypeAdapter

from dialogue.domain.draft import Draft
from dialogue.domain.errors import ConfigurationError, PayloadMismatch, Redacted
from dialogue.domain.event import Event, make_event
from dialogue.domain.event_definition import define_event

DRAFT = Draft(
    room_id="general",
    epoch="e1",
    name="message",
    payload=b'{"text":"hi"}',
    sender="ada",
    meta=b'{"clientTag":"x"}',
)


class Said(BaseModel):
    text: str
    stars: int = 0


SAID = define_event("message", schema=Said)


def test_a_kept_draft_is_an_event_with_its_place_and_time() -> None:
    assert DRAFT.kept(timestamp_ms=5, seq=7, event_seq=3) == Event(
        room_id="general",
        name="message",
        payload=b'{"text":"hi"}',
        sender="ada",
        timestamp_ms=5,
        seq=7,
        event_seq=3,
        meta=b'{"clientTag":"x"}',
    )


def test_a_draft_without_history_becomes_an_event_without_a_place() -> None:
    event = DRAFT.kept(timestamp_ms=5)
    assert event.seq is None
    assert event.event_seq is None


def test_the_payload_is_decoded_anew_at_each_call_so_that_nobody_changes_it_for_others() -> None:
    event = DRAFT.kept(timestamp_ms=5, seq=1, event_seq=1)
    first = event.data
    assert isinstance(first, dict)
    first["text"] = "changed"
    assert event.data == {"text": "hi"}
    assert event.payload == b'{"text":"hi"}'


def test_the_place_of_an_event_with_history_is_its_seq() -> None:
    event = DRAFT.kept(timestamp_ms=5, seq=7, event_seq=3)
    assert (event.place, event.stream_place) == (7, 3)


def test_an_event_without_history_has_no_place_to_ask_for() -> None:
    event = DRAFT.kept(timestamp_ms=5)
    with pytest.raises(AssertionError, match="no place"):
        _ = event.place
    with pytest.raises(AssertionError, match="no place"):
        _ = event.stream_place


def test_an_event_cannot_be_changed() -> None:
    event = DRAFT.kept(timestamp_ms=5, seq=7, event_seq=3)
    with pytest.raises(FrozenInstanceError):
        event.seq = 8  # type: ignore[misc]


def test_the_data_of_an_event_of_a_definition_is_what_its_schema_makes_of_it() -> None:
    event = DRAFT.kept(timestamp_ms=5, seq=7, event_seq=3)
    assert event.typed(SAID).data == Said(text="hi")
    assert event.typed(SAID).json == event.json == event.data == {"text": "hi"}
    assert event.typed(define_event("message", schema=TypeAdapter(dict[str, str]))).data == {"text": "hi"}


def test_an_event_of_a_definition_is_the_same_event() -> None:
    event = DRAFT.kept(timestamp_ms=5, seq=7, event_seq=3)
    assert event.typed(SAID) == event
    assert hash(event.typed(SAID)) == hash(event)
    assert event.typed(SAID).typed(define_event("message")).data == {"text": "hi"}


def test_what_an_older_schema_kept_is_told_when_its_data_is_asked_for_and_not_before() -> None:
    event = replace(DRAFT, payload=b'{"words":"hi","stars":"many"}').kept(timestamp_ms=5, seq=7).typed(SAID)
    assert event.json == {"words": "hi", "stars": "many"}
    with pytest.raises(PayloadMismatch, match=r"The event 7 'message' in 'general' is not as its schema says") as told:
        _ = event.data
    assert [problem.path for problem in told.value.problems] == ["data.text", "data.stars"]
    assert (told.value.room_id, told.value.event_name, told.value.seq) == ("general", "message", 7)


def test_a_tombstone_of_a_definition_has_no_data_and_says_so() -> None:
    tombstone = replace(DRAFT.kept(timestamp_ms=5, seq=7, event_seq=3), payload=b"null", is_redacted=True)
    assert tombstone.data is None
    assert tombstone.typed(SAID).json is None
    with pytest.raises(Redacted, match=r"The event 7 'message' in 'general' was redacted"):
        _ = tombstone.typed(SAID).data


def test_a_tombstone_is_no_value_of_a_schema_that_takes_null() -> None:
    tombstone = replace(DRAFT.kept(timestamp_ms=5, seq=7), payload=b"null", is_redacted=True)
    with pytest.raises(Redacted):
        _ = tombstone.typed(define_event("message", schema=Said | None)).data


def test_an_event_is_not_read_as_one_of_another_name() -> None:
    with pytest.raises(ConfigurationError, match="An event 'message' cannot be read as 'other'"):
        DRAFT.kept(timestamp_ms=5).typed(define_event("other", schema=Said))


def test_one_that_is_made_quickly_is_the_same_as_any_other() -> None:
    """Frozen, and alike in all its fields, also those that comparing leaves out; it can be copied and pickled."""
    made = make_event("general", "message", b"{}", "ada", 5, 7, 3, b"[]", True, "e1")
    said = Event(
        room_id="general",
        name="message",
        payload=b"{}",
        sender="ada",
        timestamp_ms=5,
        seq=7,
        event_seq=3,
        meta=b"[]",
        is_redacted=True,
        epoch="e1",
    )
    assert type(made) is Event
    assert [getattr(made, each.name) for each in fields(Event)] == [getattr(said, each.name) for each in fields(Event)]
    assert made == said
    assert hash(made) == hash(said)
    assert repr(made) == repr(said)
    for twin in (copy.copy(made), pickle.loads(pickle.dumps(made)), replace(made)):
        assert twin == said
    with pytest.raises(FrozenInstanceError):
        made.seq = 8  # type: ignore[misc]
