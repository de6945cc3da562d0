"""What may be a room id, an event's name or a user id."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies

from dialogue.domain.names import MAX_EVENT_NAME, MAX_ROOM_ID, flaw_of_event_name, flaw_of_name, flaw_of_room_id


@pytest.mark.parametrize("name", ["a", "general", "Grüße", "two words", "房间", "🎈", "user-123", "x" * MAX_ROOM_ID])
def test_a_printable_name_of_1_to_255_characters_is_fine(name: str) -> None:
    assert flaw_of_name(name, MAX_ROOM_ID) is None


@pytest.mark.parametrize("name", ["", "x" * (MAX_ROOM_ID + 1)])
def test_an_empty_and_a_too_long_name_are_told_what_is_allowed(name: str) -> None:
    assert flaw_of_name(name, MAX_ROOM_ID) == f"must have 1 to 255 characters, not {len(name)}"


@pytest.mark.parametrize("name", ["a\nb", "a\0", "tab\t", "\u200b", "a\u00a0b", "\ud800", "\u202eabc", "\u2028"])
def test_an_unprintable_name_is_refused(name: str) -> None:
    assert flaw_of_name(name, MAX_ROOM_ID) == "must be printable"


@pytest.mark.parametrize("name", [" a", "a ", " "])
def test_spaces_at_the_ends_are_refused(name: str) -> None:
    assert flaw_of_name(name, MAX_ROOM_ID) == "must not begin or end with a space"


@pytest.mark.parametrize("name", [None, 7, b"general", ["general"]])
def test_a_name_that_is_no_text_is_refused(name: object) -> None:
    assert flaw_of_name(name, MAX_ROOM_ID) == "must be a text"
    assert flaw_of_event_name(name) == "must be a text"


def test_the_names_of_the_systems_own_events_are_reserved() -> None:
    assert flaw_of_event_name("dialogue.redacted") == "must not begin with 'dialogue.', which is reserved"
    assert flaw_of_event_name("dialogue") is None
    assert flaw_of_event_name("dialogues.redacted") is None


@pytest.mark.parametrize("room_id", [".", ".."])
def test_what_a_parser_of_urls_would_eat_is_no_room_id(room_id: str) -> None:
    """`/rooms/..` and `/rooms/%2e%2e` are `/` to a browser."""
    assert flaw_of_room_id(room_id) == "must not be '.' or '..'"
    assert flaw_of_room_id(f"{room_id}..") is None
    assert flaw_of_room_id(f"a/{room_id}") is None
    assert flaw_of_room_id("") == flaw_of_name("", MAX_ROOM_ID)


def test_an_events_name_has_at_most_100_characters() -> None:
    assert flaw_of_event_name("x" * MAX_EVENT_NAME) is None
    assert flaw_of_event_name("x" * (MAX_EVENT_NAME + 1)) is not None


@given(strategies.text(strategies.characters(exclude_categories=[]), max_size=300))
def test_a_name_that_is_admitted_can_be_shown_stored_and_sent(name: str) -> None:
    if flaw_of_name(name, MAX_ROOM_ID) is None:
        assert name == name.strip()
        assert 1 <= len(name) <= MAX_ROOM_ID
        assert "\0" not in name
        assert name.encode().decode() == name
