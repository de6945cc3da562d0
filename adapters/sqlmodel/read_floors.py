"""From where on users may read, in a SQL database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, func, literal, select

from .commit_outcome import write_again
from .database import Database
from .tables import read_floors

FORGOTTEN_AT_ONCE = 500

_user_id: BindParameter[str] = bindparam("b_user_id")
_room_id: BindParameter[str] = bindparam("b_room_id")
_epoch: BindParameter[str] = bindparam("b_epoch")
_most: BindParameter[int] = bindparam("b_most")

GET = select(read_floors.c.seq).where(
    read_floors.c.room_id == _room_id, read_floors.c.user_id == _user_id, read_floors.c.epoch == _epoch
)
_some = select(literal(1)).where(read_floors.c.room_id == _room_id, read_floors.c.epoch == _epoch).limit(_most)
_has_space = select(func.count()).select_from(_some.subquery()).scalar_subquery() < _most
_of_user = select(read_floors.c.room_id).where(read_floors.c.user_id == _user_id).order_by(read_floors.c.room_id)
FORGET = read_floors.delete().where(read_floors.c.room_id == _room_id, read_floors.c.user_id == _user_id)
FORGET_BITE = read_floors.delete().where(
    read_floors.c.user_id == _user_id,
    read_floors.c.room_id.in_(_of_user.limit(FORGOTTEN_AT_ONCE).with_for_update().scalar_subquery()),
)


def put(insert: Any) -> Any:
    """Put a floor where the user has none in this epoch and the room has space; `insert` is the dialect's own."""
    row: tuple[Any, ...] = (
        _user_id.label("user_id"),
        _room_id.label("room_id"),
        _epoch.label("epoch"),
        bindparam("b_seq").label("seq"),
    )
    given = insert.from_select(["user_id", "room_id", "epoch", "seq"], select(*row).where(_has_space))
    return given.on_conflict_do_update(
        index_elements=[read_floors.c.room_id, read_floors.c.user_id],
        set_={"epoch": given.excluded.epoch, "seq": given.excluded.seq},
        where=read_floors.c.epoch != given.excluded.epoch,
    )


class SqlReadFloors:
    """`ReadFloors` over a `Database`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._put = put(database.insert(read_floors))

    async def get(self, user_id: str, room_id: str, epoch: str) -> int | None:
        """See `ReadFloors.get`."""
        asked = {"b_user_id": user_id, "b_room_id": room_id, "b_epoch": epoch}
        return await self._database.peek(lambda connection: _seq(connection, asked))

    async def put(self, user_id: str, room_id: str, epoch: str, seq: int, most: int) -> int | None:
        """See `ReadFloors.put`."""
        asked = {"b_user_id": user_id, "b_room_id": room_id, "b_epoch": epoch}

        def work(connection: Connection) -> int | None:
            connection.execute(self._put, {**asked, "b_seq": seq, "b_most": most})
            return _seq(connection, asked)

        return await write_again(self._database, work)

    async def forget(self, user_id: str, room_id: str | None = None) -> int:
        """See `ReadFloors.forget`."""
        asked = {"b_user_id": user_id, "b_room_id": room_id}
        if room_id is not None:
            return await write_again(self._database, lambda connection: connection.execute(FORGET, asked).rowcount)
        removed = 0
        while bite := await write_again(
            self._database, lambda connection: connection.execute(FORGET_BITE, {"b_user_id": user_id}).rowcount
        ):
            removed += bite
        return removed


def _seq(connection: Connection, asked: dict[str, str]) -> int | None:
    seq: int | None = connection.execute(GET, asked).scalar()
    return seq
