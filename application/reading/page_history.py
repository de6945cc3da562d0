"""Reading: the buffer and the source as one list."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ...domain.errors import RoomNotFound, Unavailable
from ...domain.event import Event, weight
from ...domain.page import (
    After,
    AfterTime,
    Around,
    Before,
    BeforeTime,
    Newest,
    Offsets,
    Page,
    PageForm,
    PageRequest,
)
from ...domain.ports.history_source import HistorySource
from ...domain.seen_above import seen_above
from ..feed.apply_events import ApplyEvents
from ..rooms.room_history import RoomHistory
from ..rooms.room_registry import RoomRegistry
from .confirm_read import ConfirmRead
from .page_budget import Budget, Run
from .page_checks import ensure_contiguous, ensure_form, ensure_known, ensure_placed, names_beyond

BEHIND_ALL = sys.maxsize
"""A seq that no event has."""


class PageHistory:
    """Answers every form of page, cut at the applied head of the moment in which it is asked.

    Memory is looked at once, in that moment; what it does not cover comes from the source. So an event that is evicted
    meanwhile is still in the answer, and one that arrives meanwhile is not. Where the source is out of reach, a page
    that goes back in time ends with what memory holds, and says that there is more.
    """

    def __init__(
        self,
        registry: RoomRegistry,
        source: HistorySource,
        apply: ApplyEvents,
        confirm: ConfirmRead,
        max_page_size: int,
    ) -> None:
        self._confirm = confirm
        self._registry = registry
        self._source = source
        self._apply = apply
        self._max_page_size = max_page_size

    async def __call__(self, request: PageRequest, above: int = 0) -> Page:
        """The page asked for, as a reader sees it who may know of what has a seq larger than `above`.

        Raises RoomNotFound, EventNotAllowed, InvalidRequest, PositionUnknown, and Unavailable where the source cannot
        be reached for what memory does not hold.
        """
        _, history = await self._registry.open(request.room_id)
        names = history.readable_names(request.event_name)
        ensure_form(request)
        if names_beyond(request, history.head):
            await self._apply.look(request.room_id)
            _, history = await self._registry.open(request.room_id)
            names = history.readable_names(request.event_name)
        ensure_known(history, names, request, above)
        page = None
        while page is None:
            read_at = history.head
            page = _as_of_now(await self._page(history, request, above), history, read_at)
        ensure_placed(request, page.events)
        if history.is_ended:
            raise RoomNotFound(request.room_id)  # deleted while it was being read
        ensure_known(history, names, request, above)
        return replace(page, events=tuple(seen_above(page.events, above))) if above else page

    async def newest(self, room_id: str, history: RoomHistory, names: Sequence[str], limit: int, above: int = 0) -> Run:
        """The newest `limit` events of these names above that seq up to the applied head, newest first."""
        if not names:
            return Run(events=[], has_more=False)
        run = await self._older(room_id, history, names, history.head + 1, limit, above)
        ensure_contiguous(run.events)
        history.blank_as(run.events)
        return run

    async def after(self, room_id: str, history: RoomHistory, names: Sequence[str], seq: int, limit: int) -> Run:
        """The oldest `limit` events of these names with a larger seq, up to the applied head, oldest first."""
        if not names:
            return Run(events=[], has_more=False)
        run = await self._newer(room_id, history, names, seq, limit)
        ensure_contiguous(reversed(run.events))
        history.blank_as(run.events)
        return run

    def in_memory(self, history: RoomHistory, names: Sequence[str], above: int = 0) -> Run:
        """All events of these names above that seq that memory holds as one contiguous run, newest first."""
        found = Budget(history.head + 1, self._max_page_size)
        found.extend(
            event for event in history.before(names, history.head + 1, history.head + 1) if event.place > above
        )
        run = found.run()
        bottom = max(history.floor, above) + 1
        return Run(events=run.events, has_more=run.has_more or history.memory_start(names) > bottom)

    async def confirm(self, room_id: str, history: RoomHistory, run: Run) -> None:
        """Let `history` have the floors as they are after `run` was read; to be called before they are looked at.

        Raises Unavailable, also where the room has another life by then.
        """
        if run.was_read:
            await self._confirm(room_id, history)

    async def _page(self, history: RoomHistory, request: PageRequest, above: int) -> Page:
        form = await self._by_seq(history, request)
        after = False if isinstance(form, Around) else None
        names = history.readable_names(request.event_name)  # as of now: by a pattern there may be more than before
        if not names:
            run = Run(events=[], has_more=False)
        else:
            match form:
                case Before(seq=seq):
                    run = await self._older(request.room_id, history, names, seq, request.limit, above)
                case After(seq=seq):
                    run = await self._newer(request.room_id, history, names, max(seq, above), request.limit)
                    run.events.reverse()
                case Around(seq=seq):
                    run, after = await self._around(request.room_id, history, names, seq, request.limit, above)
                case Offsets() as offsets:
                    run = await self._between(request.room_id, history, names[0], offsets, above)
                case form:  # pragma: no cover
                    raise AssertionError(f"unresolved form {form}")
        await self.confirm(request.room_id, history, run)
        ensure_contiguous(run.events)
        history.blank_as(run.events)
        return Page(
            room_id=request.room_id,
            event_name=request.event_name,
            epoch=history.epoch,
            events=tuple(run.events),
            has_more=run.has_more,
            has_more_after=after,
        )

    async def _by_seq(self, history: RoomHistory, request: PageRequest) -> PageForm:
        match request.form:
            case Newest():
                return Before(history.head + 1)
            case BeforeTime(timestamp_ms=time):
                head = history.head  # what comes while it is looked for may be of that time
                found = await self._first_at(history, request.room_id, time)
                return Before(head + 1 if found is None else found)
            case AfterTime(timestamp_ms=time):
                found = await self._first_at(history, request.room_id, time)
                return After(BEHIND_ALL if found is None else found)
            case form:
                return form

    async def _first_at(self, history: RoomHistory, room_id: str, timestamp_ms: int) -> int | None:
        """The seq of the first event of that time or later, maybe one that was not applied yet."""
        if timestamp_ms > history.last_timestamp_ms:
            return None
        return await self._source.seq_at(room_id, timestamp_ms)

    async def _older(
        self, room_id: str, history: RoomHistory, names: Sequence[str], before: int, limit: int, above: int = 0
    ) -> Run:
        before = min(before, history.head + 1)
        covered = history.memory_start(names)
        wanted = history.filter(names)
        found = Budget(limit, self._max_page_size)
        found.extend(_above(history.before(names, before, limit + 1), above))
        before = min(before, covered)
        bottom = max(history.lowest_floor, above) + 1 if above else history.lowest_floor + 1
        exhausted = covered <= bottom or before <= bottom
        while not exhausted and not found.is_over:
            try:
                rows = await self._source.older(room_id, wanted, before, found.to_read())
            except Unavailable as failure:
                return found.cut_short(failure)
            found.extend(_above(rows, above))
            last = rows[-1] if rows else None
            exhausted = last is None or last.seq is None or last.seq <= bottom or history.is_first(names, last)
            before = before if exhausted or last is None else last.place
        return found.run()

    async def _newer(self, room_id: str, history: RoomHistory, names: Sequence[str], after: int, limit: int) -> Run:
        covered = history.memory_start(names)
        wanted = history.filter(names)
        recent = history.after(names, after, limit + 1)
        found = Budget(limit, self._max_page_size)
        exhausted = after >= covered - 1
        while not exhausted and not found.is_over:
            rows = await self._source.newer(room_id, wanted, after, found.to_read())
            older = [event for event in rows if event.place < covered]
            found.extend(older)
            after = rows[-1].place if rows else after
            exhausted = not rows or after >= covered - 1
        if exhausted:
            found.extend(recent)
        return found.run()

    async def _around(
        self, room_id: str, history: RoomHistory, names: Sequence[str], seq: int, limit: int, above: int
    ) -> tuple[Run, bool]:
        newer = await self._newer(room_id, history, names, max(seq, above), limit)
        older = await self._older(room_id, history, names, seq + 1, limit, above)
        above = min(len(newer.events), max(limit // 2, limit - len(older.events)))
        below = min(len(older.events), limit - above)
        size = sum(map(weight, newer.events[:above])) + sum(map(weight, older.events[:below]))
        while size > self._max_page_size and above + below > 1:
            if above > below:
                above -= 1
                size -= weight(newer.events[above])
            else:
                below -= 1
                size -= weight(older.events[below])
        events = newer.events[:above][::-1] + older.events[:below]
        has_more = older.has_more or below < len(older.events)
        run = Run(events=events, has_more=has_more, was_read=older.was_read or newer.was_read)
        return run, newer.has_more or above < len(newer.events)

    async def _between(self, room_id: str, history: RoomHistory, name: str, offsets: Offsets, above: int) -> Run:
        stream = history.stream(name)
        floor, newest = stream.floor, stream.head
        buffer = stream.buffer.snapshot()
        if above:
            below = await self._older(room_id, history, (name,), above + 1, 1)
            floor = max(floor, below.events[0].stream_place) if below.events else floor
        if offsets.anchor is not None:
            anchored = await self._older(room_id, history, (name,), offsets.anchor + 1, 1, above)
            newest = anchored.events[0].stream_place if anchored.events else floor
        # Where nobody knows the floor, one more than was asked for tells whether there are more.
        extra = 1 if history.is_open_ended else 0
        first, last = max(floor + 1, newest - offsets.end + 1 - extra), newest - offsets.start
        covered = buffer[0].stream_place if buffer else stream.head + 1
        found = Budget(offsets.end - offsets.start, self._max_page_size)
        found.extend(event for event in reversed(buffer) if first <= event.stream_place <= last)
        last = min(last, covered - 1)
        while first <= last and not found.is_over:
            try:
                rows = await self._source.between(room_id, name, first, last, found.to_read().size)
            except Unavailable as failure:
                return found.cut_short(failure)
            if not rows:
                break
            found.extend(rows)
            last = rows[-1].stream_place - 1
        run = found.run()
        is_at_floor = not run.events or run.events[-1].stream_place <= floor + 1
        return replace(run, has_more=run.has_more or (not extra and not is_at_floor))


def _above(events: Sequence[Event], seq: int) -> Iterable[Event]:
    """Those of `events` that have a larger seq; all where that is 0, also those without one."""
    return [event for event in events if event.seq is not None and event.seq > seq] if seq else events


def _as_of_now(page: Page, history: RoomHistory, read_at: int) -> Page | None:
    """The page without what was taken away while it was read: its reader may have been told of that already."""
    if history.head == read_at:
        return page
    events = history.blank(page.events, read_at)
    return None if events is None else replace(page, events=tuple(events))
