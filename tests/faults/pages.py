"""Pages in every form, drawn, and what each must have held."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from random import Random

from ..support.wire_client import Message
from .kept import Kept

FORMS = ("newest", "before", "after", "around", "beforeTime", "afterTime", "offsets", "anchored")
ALL = {"hall": ("message", "note", "rare"), "side": ("message", "note")}


@dataclass(frozen=True, slots=True)
class Asked:
    """A page: what was asked, what came, and what the asker had been sent live before it asked (`low`) and before the
    answer (`high`; None where it was asked over HTTP).

    Where the storage is out of reach (`may_be_short`), a page may end with what memory holds, and say that there is
    more.
    """

    room_id: str
    fields: Message
    seqs: list[int]
    has_more: bool
    has_more_after: bool | None
    low: int
    high: int | None
    may_be_short: bool = False

    def is_short(self, expected: int) -> bool:
        """Whether fewer came than should have, as is allowed here."""
        return self.may_be_short and self.has_more and 0 < len(self.seqs) <= expected


def draw(random: Random, room_id: str, cursor: int, timestamp: int) -> Message:
    """The fields of a page; `cursor` and `timestamp` are of the newest event known."""
    form = random.choice(FORMS)
    name = random.choice([*ALL[room_id], *((None,) if form not in ("offsets", "anchored") else ())])
    fields: Message = {} if name is None else {"event": name}
    limit = random.choice([1, 2, 7, 20, 50, 50, 300])
    place = random.choice([random.randint(0, cursor), max(0, cursor - random.randint(0, 150)), cursor + 1])
    if form in ("offsets", "anchored"):
        start = random.choice([0, 0, random.randint(0, 30), random.randint(0, cursor + 1)])
        fields |= {"start": start, "end": start + limit}
        return fields | {"anchor": place} if form == "anchored" else fields
    fields["limit"] = limit
    if form in ("beforeTime", "afterTime"):
        return fields | {form: max(0, timestamp - random.choice([-1, 0, 1, 50, 1_000, 20_000]))}
    return fields if form == "newest" else fields | {form: place}


def check(asked: Asked, kept: Kept) -> None:
    """Hold a page against what is kept: nothing else may stand in it, and nothing may be missing."""
    fields = asked.fields
    names = ALL[asked.room_id] if "event" not in fields else (fields["event"],)
    stream = kept.places(asked.room_id, names)
    page = asked.seqs[::-1]
    begin = bisect_left(stream, page[0]) if page else 0
    assert page == stream[begin : begin + len(page)], f"not one run: {asked}"
    assert asked.high is None or not page or page[-1] <= asked.high, f"ahead of what was sent live: {asked}"
    if "start" in fields:
        _check_offsets(asked, stream, page)
    elif "around" in fields:
        _check_around(asked, stream, page, begin)
    elif "after" in fields or "afterTime" in fields:
        place = fields["after"] if "after" in fields else kept.first_at(asked.room_id, fields["afterTime"])
        _check_newer(asked, stream, page, place)
    else:
        bound = kept.first_at(asked.room_id, fields["beforeTime"]) if "beforeTime" in fields else fields.get("before")
        _check_older(asked, stream, page, bound)


def _check_older(asked: Asked, stream: list[int], page: list[int], bound: int | None) -> None:
    """The newest below `bound`; where that was not reached yet, or there is none, the newest that there were."""
    limit = asked.fields["limit"]
    if bound is not None and bound <= asked.low + 1:
        top = bisect_left(stream, bound)
    else:
        top = bisect_right(stream, page[-1]) if page else 0
        assert bound is None or not page or page[-1] < bound, asked
        is_bound = bound is not None and top < len(stream) and stream[top] >= bound
        assert is_bound or _is_end(stream, top, asked.low), f"something newer is missing: {asked}"
    expected = stream[max(0, top - limit) : top]
    if asked.is_short(len(expected)):
        assert page == expected[-len(page) :], f"not the newest before {bound}: {asked}"
        return
    assert page == expected, f"not the newest before {bound}: {asked}"
    assert asked.has_more == (top > limit), asked


def _check_newer(asked: Asked, stream: list[int], page: list[int], place: int | None) -> None:
    """The oldest above `place`, as far as there were any."""
    first = len(stream) if place is None else bisect_right(stream, place)
    above = first + len(page)
    assert page == stream[first:above], f"not the first after {place}: {asked}"
    assert len(page) <= asked.fields["limit"]
    if asked.has_more:
        assert len(page) == asked.fields["limit"], f"too short: {asked}"
        assert above < len(stream), f"there was no more: {asked}"
    else:
        assert _is_end(stream, above, asked.low), f"there was more: {asked}"


def _is_end(stream: list[int], index: int, low: int) -> bool:
    """Whether nothing from `index` on was there, as far as the asker could know."""
    return index >= len(stream) or stream[index] > low


def _check_around(asked: Asked, stream: list[int], page: list[int], begin: int) -> None:
    place, limit, above = asked.fields["around"], asked.fields["limit"], begin + len(page)
    if not page:
        assert _is_end(stream, 0, asked.low), f"empty: {asked}"
        return
    there = bisect_left(stream, place)
    if there < len(stream) and stream[there] == place and place <= asked.low:
        assert place in page, f"{place} itself is missing: {asked}"
    middle = bisect_right(stream, place)
    assert begin <= middle, f"not around {place}: {asked}"
    assert middle <= above or place > asked.low, f"not around {place}: {asked}"
    assert asked.has_more == (begin > 0) or asked.is_short(limit), asked
    assert bool(asked.has_more_after) <= (above < len(stream)), asked
    assert asked.has_more_after or _is_end(stream, above, asked.low), f"there was more: {asked}"
    is_whole = len(page) == limit or not (asked.has_more or asked.has_more_after)
    assert is_whole or asked.is_short(limit), f"too short: {asked}"


def _check_offsets(asked: Asked, stream: list[int], page: list[int]) -> None:
    """`newest` is how many events the stream had then: between two bounds, which an anchor below them makes one."""
    start, end = asked.fields["start"], asked.fields["end"]
    bound = asked.fields.get("anchor", len(stream) and stream[-1])
    low = bisect_right(stream, min(asked.low, bound))
    high = bisect_right(stream, bound if asked.high is None else min(asked.high, bound))
    if not page:
        assert low <= start, f"empty: {asked}"
        return
    newest = bisect_right(stream, page[-1]) + start
    assert low <= newest <= high, f"not counted from the newest: {asked}"
    if not asked.is_short(min(end, newest) - start):
        assert len(page) == min(end, newest) - start, f"too short: {asked}"
        assert asked.has_more == (newest > end), asked
