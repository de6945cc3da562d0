"""Whatever changes what was there before in a room is seen by its row's stamp; what is new is seen by its head."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select

from dialogue.adapters.sqlmodel.epochs import new_epochs
from dialogue.adapters.sqlmodel.sqlite.database import SqliteDatabase
from dialogue.adapters.sqlmodel.sqlite.storage import SqliteStorage
from dialogue.adapters.sqlmodel.tables import rooms
from dialogue.domain.draft import Draft
from dialogue.domain.position import StreamFloor
from dialogue.domain.redaction import Redaction

from ...support.appending import append


async def publish(storage: SqliteStorage, database: SqliteDatabase) -> None:
    epoch = (await storage.archive.open("general")).epoch
    await append(storage.archive, [Draft(room_id="general", epoch=epoch, name="m", payload=b"1", sender="ada")])


async def redact(storage: SqliteStorage, database: SqliteDatabase) -> None:
    await blank(storage, erases_sender=False)


async def forget_the_sender_of_a_tombstone(storage: SqliteStorage, database: SqliteDatabase) -> None:
    await blank(storage, erases_sender=True)


async def blank(storage: SqliteStorage, *, erases_sender: bool) -> None:
    epoch = (await storage.archive.open("general")).epoch
    redaction = Redaction(seq=1, by="mod", erases_sender=erases_sender)
    await append(storage.archive, [Draft.of_redaction(redaction, "general", epoch)])


async def trim(storage: SqliteStorage, database: SqliteDatabase) -> None:
    await storage.archive.trim("general", "m", StreamFloor(event_seq=1, seq=1))


async def delete(storage: SqliteStorage, database: SqliteDatabase) -> None:
    await storage.rooms.delete("general")


async def renew(storage: SqliteStorage, database: SqliteDatabase) -> None:
    await database.write(new_epochs)


CHANGES: list[Callable[[SqliteStorage, SqliteDatabase], Awaitable[None]]] = [
    redact,
    forget_the_sender_of_a_tombstone,
    trim,
    delete,
    renew,
]


async def stamp(database: SqliteDatabase) -> int:
    found = await database.read(lambda connection: connection.execute(select(rooms.c.stamp)).scalar_one())
    return int(found)


@pytest.mark.parametrize("change", CHANGES)
async def test_each_change_is_stamped(
    database: SqliteDatabase, change: Callable[[SqliteStorage, SqliteDatabase], Awaitable[None]]
) -> None:
    storage = SqliteStorage(database)
    await publish(storage, database)
    if change is forget_the_sender_of_a_tombstone:
        await redact(storage, database)
    before = await stamp(database)
    await change(storage, database)
    assert await stamp(database) > before


async def test_appending_reading_and_marking_are_not(database: SqliteDatabase) -> None:
    storage = SqliteStorage(database)
    await publish(storage, database)
    before = await stamp(database)
    await publish(storage, database)
    await storage.archive.open("general")
    await storage.read_marks.mark("ada", "general", 1)
    await storage.check()
    assert await stamp(database) == before
