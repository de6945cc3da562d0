"""The model of reading: what each form of page has to give, from the plain list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dialogue.domain.event import Event
from dialogue.domain.page import After, AfterTime, Around, Before, BeforeTime, Newest, Offsets, Page, PageRequest

from .life import Life, same
from .setting import ALL_KEPT

Answer = Page | str
"""A page, or the code of the error that was the answer."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of the list, newest first, and whether there is more."""

    events: Sequence[Event]
    has_more: bool


def is_right(answer: Answer, request: PageRequest, life: Life, at: int) -> bool:
    """Whether `answer` is what the room gives when `at` is its head."""
    refused = refusal(request, life, at)
    if isinstance(answer, str) or refused is not None:
        return answer == refused
    if answer.epoch != life.epoch or answer.event_name != request.event_name:
        return False
    names = names_of(request)
    if isinstance(request.form, Around):
        return _is_around(answer, life, names, request.form.seq, request.limit, at)
    wanted = _cut(request, life, names, at)
    return (
        answer.has_more == wanted.has_more
        and answer.has_more_after is None
        and are_same(answer.events, wanted.events, life, at)
    )


def refusal(request: PageRequest, life: Life, at: int) -> str | None:
    """The code with which the request has to be refused; None where it is not."""
    names, form = names_of(request), request.form
    if not set(names) <= set(ALL_KEPT):
        return "EVENT_NOT_ALLOWED"
    if isinstance(form, Offsets) and request.event_name is None:
        return "INVALID_REQUEST"
    if request.epoch not in (None, life.epoch):
        return "POSITION_UNKNOWN"
    seq = form.anchor if isinstance(form, Offsets) else getattr(form, "seq", None)
    if seq is None:
        return None
    is_below = seq < life.floor_of(names) and not isinstance(form, Before)
    return "POSITION_UNKNOWN" if seq > at + 1 or is_below else None


def are_same(found: Sequence[Event], wanted: Sequence[Event], life: Life, at: int) -> bool:
    """Whether the events are those; one that was taken back after `at` may be read as it was before, too."""
    return len(found) == len(wanted) and all(
        same(one, other) or (same(one, life.told[other.place - life.floor - 1]) and not _was_blank(other, life, at))
        for one, other in zip(found, wanted, strict=True)
    )


def _was_blank(event: Event, life: Life, at: int) -> bool:
    blanked = life.blanked.get(event.place)
    return event.place in life.forgotten if blanked is None else blanked.at <= at


def names_of(request: PageRequest) -> Sequence[str]:
    """The names whose history is asked for."""
    return ALL_KEPT if request.event_name is None else (request.event_name,)


def _cut(request: PageRequest, life: Life, names: Sequence[str], at: int) -> Cut:
    newest_first = life.left(names, at)[::-1]
    match request.form:
        case Newest():
            return _older(newest_first, at + 1, request.limit)
        case Before(seq=seq):
            return _older(newest_first, seq, request.limit)
        case BeforeTime(timestamp_ms=time):
            return _older(newest_first, _first_at(life, time, at), request.limit)
        case After(seq=seq):
            return _newer(newest_first, seq, request.limit)
        case AfterTime(timestamp_ms=time):
            return _newer(newest_first, _first_at(life, time, at), request.limit)
        case Offsets(start=start, end=end, anchor=anchor):
            found = [event for event in newest_first if anchor is None or event.place <= anchor]
            return Cut(found[start:end], bool(found[start:end]) and len(found) > end)
        case form:
            raise AssertionError(form)


def _first_at(life: Life, timestamp_ms: int, at: int) -> int:
    return next((event.place for event in life.left(at=at) if event.timestamp_ms >= timestamp_ms), at + 1)


def _older(newest_first: Sequence[Event], before: int, limit: int) -> Cut:
    found = [event for event in newest_first if event.place < before]
    return Cut(found[:limit], len(found) > limit)


def _newer(newest_first: Sequence[Event], after: int, limit: int) -> Cut:
    found = [event for event in newest_first if event.place > after]
    return Cut(found[-limit:], len(found) > limit)


def _is_around(page: Page, life: Life, names: Sequence[str], seq: int, limit: int, at: int) -> bool:
    newest_first = life.left(names, at)[::-1]
    older = [event for event in newest_first if event.place <= seq]
    newer = [event for event in newest_first if event.place > seq]
    below = [event for event in page.events if event.place <= seq]
    above = [event for event in page.events if event.place > seq]
    return (
        are_same(below, older[: len(below)], life, at)
        and are_same(above, newer[len(newer) - len(above) :], life, at)
        and len(page.events) == min(limit, len(newest_first))
        and (abs(len(below) - len(above)) <= 1 or len(below) == len(older) or len(above) == len(newer))
        and page.has_more == (len(below) < len(older))
        and page.has_more_after == (len(above) < len(newer))
    )
