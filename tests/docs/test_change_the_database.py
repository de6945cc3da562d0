"""The way from SQLite to PostgreSQL that the page describes takes the events along."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from textwrap import dedent

import psycopg

from dialogue import DialogueApp, History, RoomConfig, create_dialogue, define_event

from ..support.postgresql import PostgresqlServer
from .examples import ROOT

NOTE = define_event("note", history=History(limit=3))
PAGE = ROOT / "docs" / "how-to" / "change-the-database.md"
VALUES: list[object] = [5, "5", 'a "quoted", text', None, {"text": "Grüße\nund mehr"}, [1.5, True], "last"]


def app_of(database: str) -> DialogueApp:
    rooms = {room_id: RoomConfig(name="Room", events=[NOTE]) for room_id in ("general", "other")}
    return create_dialogue(database=database, rooms=rooms)


async def test_events_go_from_sqlite_to_postgresql(tmp_path: Path, postgresql_server: PostgresqlServer) -> None:
    export, table = (dedent(block) for block in re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S))
    path = tmp_path / "chat.db"
    async with (older := app_of(f"sqlite:///{path}")).lifespan():
        for value in VALUES:
            await older.trigger("general", NOTE, value, sender="ada")
        await older.trigger("other", NOTE, "to be redacted", sender="bob")
        await older.redact("other", 1)
        await older.trigger("other", NOTE, "stays", sender="bob")
    with closing(sqlite3.connect(path)) as old:
        rows = old.execute(export).fetchall()
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    with postgresql_server.database() as url:
        with psycopg.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute(table)
            with cursor.copy("COPY messages FROM STDIN CSV") as copy:
                copy.write(file.getvalue())
        async with (newer := app_of(url)).lifespan():
            events = await newer.room("general").history(NOTE, 0, 100)
            assert [(event.seq, event.data) for event in events] == [*reversed([*enumerate(VALUES, 1)])]
            assert [(event.seq, event.data) for event in await newer.room("other").history(NOTE)] == [(1, "stays")]
            assert (await newer.trigger("general", NOTE, "new", sender="eve")).seq == len(VALUES) + 1
