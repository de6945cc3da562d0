"""What may be a room id, an event's name or a user id (`protocol.md`, "The event")."""

from __future__ import annotations

MAX_ROOM_ID = 255
MAX_EVENT_NAME = 100
MAX_USER_ID = 255
RESERVED_PREFIX = "dialogue."
REDACTED = RESERVED_PREFIX + "redacted"
"""The event that tells that another one was blanked."""


def flaw_of_name(text: object, max_length: int) -> str | None:
    """What is wrong with `text` as a name of 1 to `max_length` printable characters; None where nothing is."""
    if not isinstance(text, str):
        return "must be a text"
    if not 1 <= len(text) <= max_length:
        return f"must have 1 to {max_length} characters, not {len(text)}"
    if not text.isprintable():
        return "must be printable"
    if text != text.strip():
        return "must not begin or end with a space"
    return None


def flaw_of_room_id(text: object) -> str | None:
    """As `flaw_of_name`, for the id of a room: parsers of URLs eat the segments `.` and `..`, however spelt."""
    return "must not be '.' or '..'" if text in (".", "..") else flaw_of_name(text, MAX_ROOM_ID)


def flaw_of_event_name(text: object) -> str | None:
    """As `flaw_of_name`, for the name of an event: the prefix `dialogue.` is the system's own."""
    if isinstance(text, str) and text.startswith(RESERVED_PREFIX):
        return f"must not begin with {RESERVED_PREFIX!r}, which is reserved"
    return flaw_of_name(text, MAX_EVENT_NAME)
