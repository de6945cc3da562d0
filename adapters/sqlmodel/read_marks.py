"""Read marks in a SQL database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from ...application.group_commit import GroupCommit
from ...domain.errors import Unavailable
from ...domain.ports.read_marks import MAX_UNREAD, Mark
from .commit_outcome import write_again
from .database import Database
from .mark_statements import FORGET, MAX_OWN, UNREAD, UNREAD_OF_MANY, keep
from .tables import read_marks

FORGOTTEN_AT_ONCE = 500
MARKS_AT_ONCE = 100
"""How many marks one transaction takes: an append waits for some milliseconds at most."""
ROOMS_AT_ONCE = 1_000


@dataclass(slots=True, eq=False)
class _Wish:
    user_id: str
    room_id: str
    seq: int
    outcome: Mark | Unavailable | None = None


class SqlReadMarks:
    """`ReadMarks` over a `Database`.

    Marks come in crowds: everybody in a room reads the same event at about the same time. So they are kept by group
    commit, for which whichever of the callers comes first does the work. It also counts them: in transactions of their
    own the counts could overtake one another.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._keep = keep(database.insert(read_marks))
        self._commits = GroupCommit[_Wish](lambda waiting: min(len(waiting), MARKS_AT_ONCE), self._keep_batch)

    async def mark(self, user_id: str, room_id: str, seq: int) -> Mark:
        """See `ReadMarks.mark`."""
        wish = _Wish(user_id, room_id, seq)
        self._commits.add(wish)
        try:
            while wish.outcome is None:
                await self._commits.commit()
        finally:
            self._commits.drop(lambda waiting: waiting is wish)  # its caller was cancelled
        if isinstance(wish.outcome, Unavailable):
            raise wish.outcome
        return wish.outcome

    async def unread(self, user_id: str, room_ids: Sequence[str]) -> Mapping[str, int]:
        """See `ReadMarks.unread`."""
        marks = await self._database.read(lambda connection: _marks(connection, user_id, room_ids))
        return {room_id: mark.unread for (_, room_id), mark in marks.items() if not mark.is_of_earlier_life}

    async def forget(self, user_id: str) -> int:
        """See `ReadMarks.forget`."""
        removed = 0
        while bite := await write_again(self._database, lambda connection: _forget(connection, user_id)):
            removed += bite
        return removed

    async def _keep_batch(self, wishes: Sequence[_Wish]) -> None:
        outcomes: Sequence[Mark | Unavailable]
        try:
            outcomes = await write_again(self._database, lambda connection: self._keep_in(connection, wishes))
        except Unavailable as error:
            outcomes = [error] * len(wishes)
        for wish, outcome in zip(wishes, outcomes, strict=True):
            wish.outcome = outcome

    def _keep_in(self, connection: Connection, wishes: Sequence[_Wish]) -> list[Mark]:
        rows = [{"user_id": wish.user_id, "room_id": wish.room_id, "seq": wish.seq} for wish in wishes]
        # In one order on all nodes: each mark is locked until all are kept.
        connection.execute(self._keep, sorted(rows, key=lambda row: (row["user_id"], row["room_id"])))
        counted = _counted(connection, dict.fromkeys((wish.user_id, wish.room_id) for wish in wishes))
        return [counted[wish.user_id, wish.room_id].mark for wish in wishes]


@dataclass(slots=True)
class _Counted:
    seq: int
    unread: int
    is_of_earlier_life: bool

    @property
    def mark(self) -> Mark:
        return Mark(seq=self.seq, unread=self.unread)


Marks = dict[tuple[str, str], _Counted]
"""By user and room."""


def _marks(connection: Connection, user_id: str, room_ids: Sequence[str]) -> Marks:
    marks: Marks = {}
    for start in range(0, len(room_ids), ROOMS_AT_ONCE):
        some = room_ids[start : start + ROOMS_AT_ONCE]
        _add(marks, connection.execute(UNREAD, {"b_user_id": user_id, "b_room_ids": some}))
    return marks


def _counted(connection: Connection, places: Iterable[tuple[str, str]]) -> Marks:
    """What lies behind the marks of these users in these rooms."""
    marks: Marks = {}
    if connection.dialect.name == "postgresql":
        user_ids, room_ids = zip(*places, strict=True)
        _add(marks, connection.execute(UNREAD_OF_MANY, {"b_user_ids": list(user_ids), "b_rooms": list(room_ids)}))
    else:
        for user_id, room_id in places:
            marks |= _marks(connection, user_id, [room_id])
    return marks


def _add(marks: Marks, rows: Iterable[Row[Any]]) -> None:
    for row in rows:
        head, floor = row.room_head or 0, row.room_floor or 0
        place = row.user_id, row.room_id
        counted = marks.setdefault(place, _Counted(max(floor, min(row.seq, head)), 0, 0 < floor >= row.seq))
        counted.unread = min(MAX_UNREAD, counted.unread + _of_others(row))


def _of_others(row: Row[Any]) -> int:
    # A stream has no holes, so its first unread event and its newest tell how many there are. Where the user's own are
    # too many to be looked at, those behind the last one that was looked at are left out: nothing is called unread that
    # may be the user's.
    if row.first is None:
        return 0
    last: int = row.stream_head if row.own < MAX_OWN else row.last_own
    first: int = max(row.first, row.stream_floor + 1)
    own: int = row.own
    return last - first + 1 - own


def _forget(connection: Connection, user_id: str) -> int:
    return connection.execute(FORGET, {"b_user_id": user_id, "b_limit": FORGOTTEN_AT_ONCE}).rowcount
