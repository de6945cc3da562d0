"""An event, before and after it has its place."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from dialogue.domain.draft import Draft
from dialogue.domain.event import Event

DRAFT = Draft(
    room_id="general",
    epoch="e1",
    name="message",
    payload=b'{"text":"hi"}',
    sender="ada",
    meta=b'{"clientTag":"x"}',
)


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
