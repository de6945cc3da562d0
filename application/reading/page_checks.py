"""Which pages may be asked for, and which may be given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...domain.errors import InvalidRequest, PositionUnknown, Unavailable
from ...domain.event import Event
from ...domain.page import (
    MAX_LIMIT,
    After,
    AfterTime,
    Around,
    Before,
    BeforeTime,
    Offsets,
    PageForm,
    PageRequest,
)
from ..rooms.room_history import RoomHistory


def ensure_form(request: PageRequest) -> None:
    """Raise InvalidRequest where the request's numbers are out of range, or offsets lack a name."""
    form = request.form
    if not 1 <= request.limit <= MAX_LIMIT:
        raise InvalidRequest.field("limit", f"must be 1 to {MAX_LIMIT}")
    if isinstance(form, Offsets):
        if request.event_name is None:
            raise InvalidRequest.field("event", "is needed with start and end")
        if form.start < 0:
            raise InvalidRequest.field("start", "must be 0 or more")
        if not 1 <= form.end - form.start <= MAX_LIMIT:
            raise InvalidRequest.field("end", f"must be 1 to {MAX_LIMIT} more than start")


def ensure_known(history: RoomHistory, names: Sequence[str], request: PageRequest, above: int) -> None:
    """Raise PositionUnknown where the request means another life of the room, or what its history does not hold for a
    reader who may know of what lies above that seq.

    To be asked before a page is read, and again after: what retention took in between may be missing from it.
    """
    if request.epoch is not None and request.epoch != history.epoch:
        raise _unknown(history, names, above, "The epoch is not the room's own: its history began anew")
    seq, reaches_back = _seq_of(request.form)
    if seq is None:
        return
    if seq > history.head + 1:
        raise _unknown(history, names, above, f"seq {seq} lies beyond the room's head")
    if not reaches_back and seq < max(history.floor, history.floor_of(names), above):
        raise _unknown(history, names, above, f"seq {seq} lies below what the room's history still holds")


def names_beyond(request: PageRequest, head: int) -> bool:
    """Whether the request names a seq that is not there yet, so that somebody must have seen more than `head`."""
    seq, _ = _seq_of(request.form)
    return seq is not None and seq > head + 1


def _seq_of(form: PageForm) -> tuple[int | None, bool]:
    match form:
        case Before(seq=seq):
            return seq, True
        case After(seq=seq) | Around(seq=seq):
            return seq, False
        case Offsets(anchor=anchor):
            return anchor, False
        case _:
            return None, True


def ensure_placed(request: PageRequest, events: Sequence[Event]) -> None:
    """Raise InvalidRequest where a form that goes by places has come to events without one (`on_load` gave none)."""
    field = _FIELDS.get(type(request.form))
    if field is not None and any(event.seq is None for event in events):
        why = "reaches events that the application's storage gives back without a place: use start and end"
        raise InvalidRequest.field(field, why)


_FIELDS: dict[type, str] = {
    Before: "before",
    After: "after",
    Around: "around",
    BeforeTime: "beforeTime",
    AfterTime: "afterTime",
}


def _unknown(history: RoomHistory, names: Sequence[str], above: int, why: str) -> PositionUnknown:
    floor = max(history.floor, history.floor_of(names), above)
    return PositionUnknown(why, epoch=history.epoch, floor=floor, head=history.head)


def ensure_contiguous(events: Iterable[Event]) -> None:
    """Raise Unavailable where a run, newest first, has a hole or a repeat: memory and source do not meet.

    A run of several names holds every event of each of them that lies in between.
    """
    newer: dict[str, Event] = {}
    last: Event | None = None
    for event in events:
        above = newer.get(event.name)
        if above is not None and above.event_seq is not None and above.event_seq - 1 != event.event_seq:
            raise Unavailable(
                f"The history of {event.name!r} in {event.room_id!r} does not meet between event seqs "
                f"{event.event_seq} and {above.event_seq}"
            )
        if last is not None and last.seq is not None and event.seq is not None and event.seq >= last.seq:
            raise Unavailable(f"The history of {event.room_id!r} gives seq {event.seq} behind seq {last.seq}")
        newer[event.name] = last = event
