"""What application code passes to its calls, checked before anything happens, and what it gets back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..domain.errors import InvalidEvent, InvalidRequest, Problem
from ..domain.event import Event
from ..domain.event_definition import EventDefinition
from ..domain.json_value import is_unicode
from ..domain.names import MAX_ROOM_ID, MAX_USER_ID, flaw_of_name, flaw_of_room_id
from ..domain.new_event import NewEvent
from ..domain.ports.room_store import StoredRoom

MAX_DESCRIPTION = 2_000

SYSTEM = "system"
"""On whose behalf the application acts, where it names nobody."""

SentEvent = (
    tuple[EventDefinition[Any] | str, object] | tuple[EventDefinition[Any] | str, object, Mapping[str, object] | None]
)
"""One event of several that are published at once: its definition or name, its data, and `meta` where it has one."""


def name_of(event: EventDefinition[Any] | str) -> str:
    """The name of a definition, or the name itself. Raises InvalidRequest for anything else."""
    if isinstance(event, EventDefinition):
        return event.name
    if isinstance(event, str):
        return event
    raise InvalidRequest.field("event", f"must be a definition or its name, not {event!r}")


def ensure_text(field: str, value: object) -> None:
    """Raise InvalidRequest where `value` is no text."""
    if not isinstance(value, str):
        raise InvalidRequest.field(field, f"must be a text, not {value!r}")


def ensure_integer(field: str, value: object) -> None:
    """Raise InvalidRequest where `value` is no integer."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidRequest.field(field, f"must be an integer, not {value!r}")


def ensure_user_id(field: str, value: object) -> None:
    """Raise InvalidRequest where `value` cannot be a user's id."""
    flaw = flaw_of_name(value, MAX_USER_ID)
    if flaw is not None:
        raise InvalidRequest.field(field, flaw)


def ensure_room(room: StoredRoom) -> None:
    """Raise InvalidRequest with all that is wrong with a room that the application wants to make."""
    size, names, about = room.max_size, room.event_names, room.description
    is_size = size is None or (isinstance(size, int) and not isinstance(size, bool) and size >= 1)
    is_about = about is None or (
        isinstance(about, str) and len(about) <= MAX_DESCRIPTION and "\0" not in about and is_unicode(about)
    )
    are_names = names is None or (not isinstance(names, str) and all(isinstance(name, str) for name in names))
    flaws = {
        "room_id": flaw_of_room_id(room.id),
        "name": flaw_of_name(room.name, MAX_ROOM_ID),
        "description": None if is_about else f"must be Unicode without NUL, at most {MAX_DESCRIPTION} characters",
        "max_size": None if is_size else f"must be an integer from 1 on, not {size!r}",
        "event_names": None if are_names else f"must be a list of names, not {names!r}",
        "created_by_id": None if room.created_by_id is None else flaw_of_name(room.created_by_id, MAX_USER_ID),
    }
    problems = [Problem(field, flaw) for field, flaw in flaws.items() if flaw is not None]
    if problems:
        raise InvalidRequest(problems)


def plain_meta(meta: object) -> dict[str, object] | None:
    """`meta` as a dict. Raises InvalidEvent where it is no mapping."""
    if meta is not None and not isinstance(meta, Mapping):
        raise InvalidEvent([Problem("meta", f"must be a mapping, not {meta!r}"[:200])])
    return None if meta is None else dict(meta)


def plain_data(data: object) -> object:
    """`data`, a mapping of another kind as a dict: JSON knows no other."""
    return dict(data) if isinstance(data, Mapping) and not isinstance(data, dict) else data


def new_events(events: Iterable[SentEvent]) -> list[NewEvent]:
    """Each of `events` as it is sent. Raises InvalidRequest and InvalidEvent for what is none."""
    return [_new_event(f"events[{place}]", event) for place, event in enumerate(events)]


def _new_event(at: str, sent: object) -> NewEvent:
    if not isinstance(sent, tuple) or not 2 <= len(sent) <= 3:
        raise InvalidRequest.field(at, f"must be (event, data) or (event, data, meta), not {sent!r:.200}")
    event, data, *meta = sent
    try:
        return NewEvent(name_of(event), plain_data(data), plain_meta(meta[0] if meta else None))
    except InvalidRequest as error:
        raise InvalidRequest.field(f"{at}.event", error.problems[0].message) from error
    except InvalidEvent as error:
        raise InvalidEvent([Problem(f"{at}.meta", error.problems[0].message)]) from error


def typed(event: Event, definition: EventDefinition[Any] | str) -> Event[Any]:
    """`event` as its definition reads it, where it was named by that."""
    return event if isinstance(definition, str) else event.typed(definition)
