"""The source in a PostgreSQL database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from anyio.lowlevel import checkpoint
from sqlalchemy import Connection, Select
from sqlalchemy.util import await_only

from ....domain.event import Event
from ....domain.page import PageLimit, fitting
from ..database import Database
from ..history_source import event_of
from .asked_together import AskedTogether
from .page_statements import BETWEEN, BUDGET, NEWER, NEWER_OF_MANY, OLDER
from .time_statements import FIRST_AT

ROOMS_AT_ONCE = 200
FEW = 50
"""How many new events of one room are read together with those of others."""
LARGE = 8 << 10
"""Payloads from here on are taken out of JSONB one in a turn of the loop: the worst takes some milliseconds."""


class PostgresqlHistorySource:
    """`HistorySource` over a PostgreSQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._news = AskedTogether(self._newer_of_many, ROOMS_AT_ONCE)

    async def older(self, room_id: str, names: Sequence[str] | None, before: int, limit: PageLimit) -> list[Event]:
        """See `HistorySource.older`."""
        kind, named = _named(names)
        page = _Page(OLDER[kind], {"room_id": room_id, **named}, ("before", before), _place)
        return await self._run(page, limit)

    async def newer(self, room_id: str, names: Sequence[str] | None, after: int, limit: PageLimit) -> list[Event]:
        """See `HistorySource.newer`."""
        news = await self._news((room_id, after)) if names is None and limit.events >= FEW else None
        if news is not None:
            return fitting(news, limit)
        kind, named = _named(names)
        page = _Page(NEWER[kind], {"room_id": room_id, **named}, ("after", after), _place)
        return await self._run(page, limit)

    async def between(self, room_id: str, name: str, first: int, last: int, size: int) -> list[Event]:
        """See `HistorySource.between`."""
        here = {"room_id": room_id, "name": name, "first": first}
        page = _Page(BETWEEN, here, ("last", last), lambda event: event.stream_place - 1)
        return await self._run(page, PageLimit(events=max(0, last - first + 1), size=size))

    async def seq_at(self, room_id: str, timestamp_ms: int) -> int | None:
        """See `HistorySource.seq_at`."""
        here = {"room_id": room_id, "timestamp": timestamp_ms}
        seq: int | None = await self._database.peek(lambda connection: connection.execute(FIRST_AT, here).scalar())
        return seq

    async def _newer_of_many(self, places: Sequence[tuple[str, int]]) -> list[list[Event] | None]:
        """What is new behind each of these places; None where that is more than a few events."""
        return await self._database.peek(lambda connection: _news(connection, places))

    async def _run(self, page: _Page, limit: PageLimit) -> list[Event]:
        """The run in one statement; where that gives too little, anew in several, on one snapshot."""
        events = await self._database.peek(lambda connection: page.whole(connection, limit))
        if events is None:
            events = await self._database.read(lambda connection: fitting(page.events(connection, limit), limit))
        return events


def _news(connection: Connection, places: Sequence[tuple[str, int]]) -> list[list[Event] | None]:
    room_ids, after = zip(*places, strict=True)
    parameters = {"room_ids": list(room_ids), "after": list(after), "limit": FEW, "budget": BUDGET}
    news: list[list[Event]] = [[] for _ in places]
    number = taken = 0
    for number, *row, taken in connection.execute(NEWER_OF_MANY, parameters):  # noqa: B007  # they are those of the last
        _add(news[number - 1], room_ids[number - 1], row)
    known = number - 1 if taken >= BUDGET else len(places)
    return [each if place < known and len(each) < FEW else None for place, each in enumerate(news)]


def _add(events: list[Event], room_id: str, row: Sequence[Any]) -> None:
    events.append(event_of(room_id, row))
    if len(events[-1].payload) >= LARGE:
        await_only(checkpoint())


@dataclass(frozen=True, slots=True)
class _Page:
    """A page's statement; `bound` is the parameter that says where it begins, `beyond` where what follows an event."""

    statement: Select[Any]
    parameters: Mapping[str, Any]
    bound: tuple[str, int]
    beyond: Callable[[Event], int]

    def whole(self, connection: Connection, limit: PageLimit) -> list[Event] | None:
        """The page's events, where one statement gives them all."""
        bite = _Bite(connection, self, self.bound[1], limit.events)
        events = fitting(bite, limit)
        return None if bite.is_cut else events

    def events(self, connection: Connection, limit: PageLimit) -> Iterator[Event]:
        """The page's events, as far as somebody steps through them."""
        bound, rest = self.bound[1], limit.events
        while True:
            bite = _Bite(connection, self, bound, rest)
            for event in bite:
                yield event
                bound, rest = self.beyond(event), rest - 1
            if not bite.is_cut:
                return


class _Bite:
    """What one statement gives; afterwards, whether the budget has cut it."""

    def __init__(self, connection: Connection, page: _Page, bound: int, limit: int) -> None:
        self._connection = connection
        self._room_id = page.parameters["room_id"]
        parameters = {**page.parameters, page.bound[0]: bound, "limit": limit, "budget": BUDGET}
        self._rows = connection.execute(page.statement, parameters)
        self._limit = limit
        self.is_cut = False

    def __iter__(self) -> Iterator[Event]:
        count = taken = 0
        for row in self._rows:
            count, taken = count + 1, row.taken
            event = event_of(self._room_id, row[:-1])
            yield event
            if len(event.payload) >= LARGE:
                await_only(checkpoint())
        self.is_cut = count < self._limit and taken >= BUDGET


def _named(names: Sequence[str] | None) -> tuple[str, Mapping[str, Any]]:
    """Which statement it is, and its parameters."""
    if names is None:
        return "all", {}
    different = list(dict.fromkeys(names))
    return ("one", {"name_0": different[0]}) if len(different) == 1 else ("several", {"names": different})


def _place(event: Event) -> int:
    return event.place
