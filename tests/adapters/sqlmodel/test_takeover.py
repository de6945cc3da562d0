"""A database of the seed's is taken over as it is, or not at all."""

from __future__ import annotations

import itertools
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dialogue.adapters.sqlmodel.history_archive import SqlHistoryArchive
from dialogue.adapters.sqlmodel.history_source import SqlHistorySource
from dialogue.adapters.sqlmodel.sqlite.database import SqliteDatabase
from dialogue.domain.draft import Draft
from dialogue.domain.errors import ConfigurationError
from dialogue.domain.page import PageLimit
from dialogue.domain.position import StreamHead

from ...support.appending import append
from .seed import AS_TEXT, AS_WRITTEN, FOR_SQLITE, INDEXES, Row, make_seed, query, schema, some_rows

SEEDS = {"as written": AS_WRITTEN + INDEXES, "for SQLite": FOR_SQLITE, "as text": AS_TEXT + INDEXES}


async def opened(path: Path) -> SqliteDatabase:
    database = SqliteDatabase(f"sqlite:///{path}")
    await database.open()
    return database


async def refusal(path: Path) -> str:
    """Why the database is not taken over; it is left as it was."""
    before = schema(path), query(path, "SELECT * FROM messages")
    with pytest.raises(ConfigurationError) as caught:
        await opened(path)
    assert (schema(path), query(path, "SELECT * FROM messages")) == before
    assert "\n" not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize("ddl", SEEDS.values(), ids=SEEDS.keys())
async def test_rows_are_numbered_by_time_and_id_and_all_else_is_kept(path: Path, ddl: str) -> None:
    rows = some_rows(500)
    make_seed(path, rows, ddl)
    await (await opened(path)).close()
    expected = []
    for _, room in itertools.groupby(sorted(rows, key=lambda row: row.room_id), key=lambda row: row.room_id):
        streams: dict[str, int] = {}
        for seq, row in enumerate(sorted(room, key=lambda row: (row.timestamp, row.id)), 1):
            streams[row.event_name] = streams.get(row.event_name, 0) + 1
            expected.append((*row.values, seq, streams[row.event_name], None))
    taken = query(
        path,
        "SELECT id, room_id, event_name, event_data, from_user, timestamp, created_at, seq, event_seq, meta "
        "FROM messages ORDER BY room_id, seq",
    )
    assert taken == expected


async def test_heads_are_filled_and_the_room_goes_on(path: Path) -> None:
    make_seed(path, [Row(timestamp=5), Row(timestamp=9, event_name="typing"), Row(timestamp=7)])
    database = await opened(path)
    archive, source = SqlHistoryArchive(database), SqlHistorySource(database)
    head = await archive.open("general")
    assert (head.head, head.floor, head.last_timestamp_ms) == (3, 0, 9)
    assert head.streams == {"message": StreamHead(head=2), "typing": StreamHead(head=1)}
    draft = Draft(room_id="general", epoch=head.epoch, name="message", payload=b'{"text":"new"}', sender="eve")
    [new] = await append(archive, [draft], 1)
    events = await source.older("general", None, 100, PageLimit())
    assert [(event.seq, event.event_seq, event.timestamp_ms) for event in events] == [
        (4, 3, 9),
        (3, 1, 9),
        (2, 2, 7),
        (1, 1, 5),
    ]
    assert events[0] == new
    assert events[-1].data == {"text": "hi"}
    await database.close()


async def test_rows_without_ids_are_ordered_by_rowid_and_get_ids(path: Path) -> None:
    rows = [Row(event_data=f'"{index}"') for index in range(5)]
    make_seed(path, [*rows, Row(id=50, event_data='"first"')], AS_WRITTEN)
    await (await opened(path)).close()
    found = query(path, "SELECT id, event_data FROM messages ORDER BY seq")
    assert found == [(50, '"first"'), *((51 + index, f'"{index}"') for index in range(5))]


async def test_all_kinds_of_json_are_taken_over(path: Path) -> None:
    values = [{"a": [1, 2.5]}, [], "x", "5", 5, -1, 0.1, 1e300, True, None, "é\u0000"]
    make_seed(path, [Row(event_data=json.dumps(value)) for value in values], AS_TEXT)
    database = await opened(path)
    events = await SqlHistorySource(database).newer("general", None, 0, PageLimit())
    assert [event.data for event in events] == values
    await database.close()


async def test_an_empty_table_is_taken_over(path: Path) -> None:
    make_seed(path, [])
    await (await opened(path)).close()
    assert query(path, "SELECT count(seq) FROM messages") == [(0,)]


async def test_what_belongs_to_others_stays(path: Path) -> None:
    make_seed(path, [Row(id=1), Row(id=2)])
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            """
            CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);
            INSERT INTO users VALUES (1, 'ada');
            CREATE TABLE reactions (message_id INTEGER REFERENCES messages(id) ON DELETE CASCADE);
            INSERT INTO reactions VALUES (1), (2);
            CREATE VIEW latest AS SELECT * FROM messages ORDER BY timestamp DESC;
            CREATE INDEX my_own ON messages(from_user) WHERE from_user != ':x';
            """
        )
    await (await opened(path)).close()
    assert query(path, "SELECT name FROM users") == [("ada",)]
    assert query(path, "SELECT message_id FROM reactions") == [(1,), (2,)]
    assert query(path, "PRAGMA foreign_key_check") == []
    assert len(query(path, "SELECT * FROM latest")) == 2
    [(sql,)] = query(path, "SELECT sql FROM sqlite_master WHERE name = 'my_own'")
    assert sql == "CREATE INDEX my_own ON messages(from_user) WHERE from_user != ':x'"


async def test_progress_is_told_in_bites(path: Path) -> None:
    make_seed(path, some_rows(5_000))
    told: list[tuple[int, int]] = []
    await SqliteDatabase(f"sqlite:///{path}").migrate(lambda done, total: told.append((done, total)))
    assert told == [(0, 5_000), (2_000, 5_000), (4_000, 5_000), (5_000, 5_000)]


async def test_taking_over_happens_once(path: Path) -> None:
    make_seed(path, some_rows(10))
    told: list[int] = []
    database = SqliteDatabase(f"sqlite:///{path}")
    await database.migrate()
    before = schema(path), query(path, "SELECT * FROM messages"), query(path, "SELECT * FROM dialogue_rooms")
    await database.migrate(lambda done, _total: told.append(done))
    assert not told
    assert (schema(path), query(path, "SELECT * FROM messages"), query(path, "SELECT * FROM dialogue_rooms")) == before


@pytest.mark.parametrize(
    ("ddl", "differences"),
    [
        (
            "CREATE TABLE messages (id INTEGER PRIMARY KEY, room_id TEXT, body TEXT, timestamp TIMESTAMP)",
            [
                *(f"the column {name} is missing" for name in ("event_name", "event_data", "from_user", "created_at")),
                "the column timestamp is TIMESTAMP and not an integer type",
                "the column body is unknown",
            ],
        ),
        (FOR_SQLITE.replace("created_at", "edited INTEGER, created_at"), ["the column edited is unknown"]),
        (FOR_SQLITE.replace("PRIMARY KEY", ""), ["id is not its primary key"]),
        (FOR_SQLITE.replace("event_data JSON ", "event_data "), ["event_data is without a type and not JSON"]),
        (FOR_SQLITE.replace(");\n", ") WITHOUT ROWID;\n"), ["it is WITHOUT ROWID"]),
        ("CREATE VIEW messages AS SELECT 1 AS id", ["it is a view"]),
        (
            FOR_SQLITE + "CREATE TRIGGER tell AFTER INSERT ON messages BEGIN SELECT 1; END;",
            ["it has the trigger tell"],
        ),
    ],
)
async def test_a_table_that_is_not_the_seeds_is_refused_with_the_differences(
    path: Path, ddl: str, differences: list[str]
) -> None:
    make_seed(path, [], ddl) if "VIEW" not in ddl and "body" not in ddl else bare(path, ddl)
    message = await refusal(path)
    assert all(difference in message for difference in differences)
    assert message.count(";") == len(differences) - 1


def bare(path: Path, ddl: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(ddl)


LOOSE = FOR_SQLITE.replace(" NOT NULL", "")


@pytest.mark.parametrize(
    ("row", "flaw"),
    [
        (Row(id=7, event_data="{no json"), "event_data is not JSON"),
        (Row(id=7, event_data=b'"\xff"'), "event_data is not JSON"),
        (Row(id=7, event_data='"\\ud800"'), "event_data is not JSON"),
        (Row(id=7, event_data=""), "event_data is not JSON"),
        (Row(id=7, event_data=None), "event_data is NULL"),
        (Row(id=7, room_id=None), "room_id is NULL"),
        (Row(id=7, room_id="x" * 256), "room_id must have 1 to 255 characters, not 256"),
        (Row(id=7, room_id=b"\xff"), "room_id is not UTF-8"),
        (Row(id=7, event_name=""), "event_name must have 1 to 100 characters, not 0"),
        (Row(id=7, event_name="dialogue.redacted"), "event_name must not begin with 'dialogue.', which is reserved"),
        (Row(id=7, from_user=None), "from_user is NULL"),
        (Row(id=7, timestamp=None), "timestamp is not an integer"),
        (Row(id=7, timestamp="yesterday"), "timestamp is not an integer"),
    ],
)
async def test_rows_that_could_not_be_read_are_refused_with_their_ids(path: Path, row: Row, flaw: str) -> None:
    make_seed(path, [Row(id=1), row, Row(id=9)], LOOSE)
    assert f"id 7: {flaw}" in await refusal(path)


async def test_of_many_bad_rows_the_first_ones_are_listed(path: Path) -> None:
    make_seed(path, [Row(id=index, event_data="{") for index in range(1, 3_001)])
    message = await refusal(path)
    assert [f"id {index}:" in message for index in range(1, 7)] == [True] * 5 + [False]
    assert message.endswith("; and 2995 more")


async def test_a_database_of_a_newer_version_is_refused(path: Path) -> None:
    await SqliteDatabase(f"sqlite:///{path}").migrate()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE dialogue_alembic_version SET version_num = '9999'")
        connection.commit()
    assert "was made by a newer version of Dialogue" in await refusal(path)


async def test_tables_of_our_names_without_a_version_are_refused(path: Path) -> None:
    make_seed(path, [Row()])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE dialogue_rooms (x)")
    assert "has tables of Dialogue's names without a version: dialogue_rooms" in await refusal(path)


async def test_a_seed_that_another_program_writes_to_is_left_alone(path: Path) -> None:
    make_seed(path, [Row()])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ConfigurationError, match="another program has locked it"):
            await SqliteDatabase(f"sqlite:///{path}", patience_s=0.05).open()
    await (await opened(path)).close()
