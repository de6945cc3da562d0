"""Finding a place in a stream whose older events are reached by offsets alone."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...domain.errors import InvalidRequest
from ...domain.event import Event
from .own_stream import OwnStream

NO_PLACE = "reaches events that the application's storage gives back without a place: use start and end"
NOT_HELD = "reaches what the application's storage does not hold any more"


@dataclass(frozen=True, slots=True)
class Found:
    """An event seq. Not certain, where the storage did not give that event: it may have let go of newer ones too."""

    event_seq: int
    is_certain: bool = True


def ensure_placed(events: Sequence[Event], field: str) -> None:
    """Raise InvalidRequest where an event has no seq."""
    if any(event.seq is None for event in events):
        raise InvalidRequest.field(field, NO_PLACE)


async def newest_before(stream: OwnStream, before: int, epochs: frozenset[str]) -> Found:
    """The stream's newest event of this life with a seq smaller than `before`; where there is none, its start."""
    stored = stream.stored
    if before > stored.head_seq:
        return Found(stored.head + bisect_left(stream.waiting, before, key=lambda event: event.place))
    if not stream.is_stored:
        return Found(stored.head, is_certain=stored.head == stream.start)
    newer = stored.count(before - 1, stored.head_seq)
    if newer is not None:
        return Found(max(stream.start, stored.head - newer))
    # Of the seqs up to `before`, and of those behind it, no more can be this stream's than there are.
    low = max(stream.start, stored.head - (stored.head_seq - before + 1))
    high = min(stored.head, stream.start + max(0, before - 1 - stream.floor_seq))
    return await _last(stream, low, high, epochs, lambda event: event.place < before, "before")


async def first_at(stream: OwnStream, timestamp_ms: int, epochs: frozenset[str]) -> int | None:
    """The seq of the stream's first event of that time or later; None where there is none.

    Raises InvalidRequest where the storage gave it back without a seq, or may have held it before this life.
    """
    lived = [event for event in stream.waiting if event.stream_place > stream.start]
    index = bisect_left(lived, timestamp_ms, key=lambda event: event.timestamp_ms)
    if index or not stream.is_stored:
        return lived[index].place if index < len(lived) else None
    field = "beforeTime/afterTime"
    high = max(stream.start, stream.stored.head)
    last = await _last(stream, stream.start, high, epochs, lambda event: event.timestamp_ms < timestamp_ms, field)
    if not last.is_certain:
        raise InvalidRequest.field(field, NOT_HELD)
    if last.event_seq == stream.start:
        earlier = await stream.between(stream.start, stream.start, epochs)
        if earlier and earlier[0].timestamp_ms >= timestamp_ms:
            raise InvalidRequest.field(field, NO_PLACE)
    first = await stream.between(last.event_seq + 1, last.event_seq + 1, epochs)
    ensure_placed(first, field)
    return first[0].place if first else None


async def _last(
    stream: OwnStream, low: int, high: int, epochs: frozenset[str], is_before: Callable[[Event], bool], field: str
) -> Found:
    """The last event from `low` to `high` that `is_before`, where all up to it are; `low` is known to be."""
    is_certain = True
    while low < high:
        middle = (low + high + 1) // 2
        found = await stream.between(middle, middle, epochs)
        ensure_placed(found, field)
        if not found or is_before(found[0]):  # what the storage does not hold any more is older than all that it does
            low, is_certain = middle, bool(found)
        else:
            high = middle - 1
    return Found(low, is_certain)
