"""A PostgreSQL database of the seed's is taken over as it is, or not at all."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import anyio
import psycopg
import pytest

from dialogue.adapters.sqlmodel.migrations.seed import refusals
from dialogue.domain.errors import ConfigurationError

from ...support.postgresql import PostgresqlServer
from .postgresql_migrating import migrate, query, schema
from .postgresql_seed import AS_TEXTS, LOOSE, SEED, TAKEN, make_many, make_seed
from .seed import Row, some_rows

KEPT = datetime(2024, 1, 2, 3, 4, 5)


@pytest.fixture
def url(postgresql_server: PostgresqlServer) -> Iterator[str]:
    """An empty database."""
    with postgresql_server.database() as url:
        yield url


async def refusal(url: str, lock_s: float = 30.0) -> str:
    """Why the database is not taken over; it is left as it was."""
    is_table = bool(query(url, "SELECT 1 FROM pg_class WHERE oid = to_regclass('messages') AND relkind = 'r'"))
    before = schema(url), query(url, AS_TEXTS) if is_table else None
    with pytest.raises(ConfigurationError) as caught:
        await migrate(url, lock_s=lock_s)
    assert (schema(url), query(url, AS_TEXTS) if is_table else None) == before
    assert "\n" not in caught.value.message
    return caught.value.message


async def test_rows_are_numbered_by_time_and_id_and_all_else_is_kept(url: str) -> None:
    rows = some_rows(500)
    make_seed(url, rows)
    await migrate(url)
    expected = []
    for _, room in itertools.groupby(sorted(rows, key=lambda row: row.room_id), key=lambda row: row.room_id):
        streams: dict[str, int] = {}
        for seq, row in enumerate(sorted(room, key=lambda row: (row.timestamp, row.id)), 1):
            streams[row.event_name] = streams.get(row.event_name, 0) + 1
            expected.append(
                (
                    *(row.id, row.room_id, row.event_name, json.loads(row.event_data), row.from_user, row.timestamp),
                    *(KEPT, seq, streams[row.event_name], None),
                )
            )
    assert query(url, TAKEN) == expected


async def test_the_heads_are_those_of_the_rows(url: str) -> None:
    make_many(url, 1_000)
    await migrate(url)
    rooms = "SELECT room_id, head, floor, swept, last_timestamp, stamp, ended FROM dialogue_rooms ORDER BY room_id"
    assert query(url, rooms) == query(
        url,
        "SELECT room_id, max(seq), 0, 0, max(timestamp), 0, NULL::bigint FROM messages GROUP BY room_id ORDER BY 1",
    )
    streams = "SELECT room_id, event_name, head, floor, floor_seq, told FROM dialogue_streams ORDER BY 1, 2"
    assert query(url, streams) == query(
        url,
        "SELECT room_id, event_name, max(event_seq), 0, 0, NULL::bigint FROM messages GROUP BY 1, 2 ORDER BY 1, 2",
    )
    epochs = {epoch for (epoch,) in query(url, "SELECT epoch FROM dialogue_rooms")}
    assert len(epochs) == 7
    assert all(len(bytes.fromhex(epoch)) == 8 for epoch in epochs)


async def test_the_tables_are_as_those_that_are_made_new(postgresql_server: PostgresqlServer, url: str) -> None:
    make_many(url, 100)
    await migrate(url)
    with postgresql_server.database() as new:
        await migrate(new)
        assert schema(url) == schema(new)


async def test_rooms_are_told_apart_and_ordered_by_their_bytes(url: str) -> None:
    rooms = ["b", "B", "a", "ä", "é", "e\u0301", "Z"]
    make_seed(url, [Row(room_id=room) for room in rooms])
    await migrate(url)
    assert [room for (room,) in query(url, "SELECT room_id FROM dialogue_rooms ORDER BY room_id")] == sorted(rooms)


async def test_ids_go_on_behind_all_that_were_ever_given(url: str) -> None:
    make_seed(url, [Row() for _ in range(5)])
    query(url, "DELETE FROM messages WHERE id > 3")
    await migrate(url)
    new = "INSERT INTO messages (room_id, event_name, from_user, timestamp, seq, event_seq) VALUES "
    assert query(url, new + "('r', 'e', 'u', 1, 1, 1) RETURNING id") == [(6,)]
    query(url, "SELECT setval(pg_get_serial_sequence('messages', 'id'), 2147483647)")
    assert query(url, new + "('r', 'e', 'u', 1, 2, 2) RETURNING id") == [(2_147_483_648,)]
    assert query(url, "SELECT count(*) FROM pg_class WHERE relkind = 'S' AND relname LIKE 'messages%'") == [(1,)]


async def test_ids_go_on_behind_those_that_were_written_past_the_sequence(url: str) -> None:
    make_seed(url, [Row(id=2**31 - 1), Row(id=-5)])
    await migrate(url)
    new = "INSERT INTO messages (room_id, event_name, from_user, timestamp, seq, event_seq) VALUES "
    assert query(url, new + "('r', 'e', 'u', 1, 1, 1) RETURNING id") == [(2**31,)]
    assert query(url, "SELECT id, seq FROM messages WHERE seq < 3 AND room_id = 'general' ORDER BY seq") == [
        (-5, 1),
        (2**31 - 1, 2),
    ]


@pytest.mark.parametrize(
    "ddl",
    [
        SEED.replace("SERIAL", "BIGINT GENERATED ALWAYS AS IDENTITY"),
        SEED.replace("SERIAL", "INTEGER"),
        SEED.replace("created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP", "created_at TIMESTAMPTZ DEFAULT now()"),
        SEED.replace("VARCHAR(255)", "TEXT").replace("NOT NULL", "NOT NULL DEFAULT '1'"),
        SEED.replace("timestamp BIGINT", "timestamp INT"),
    ],
    ids=["identity", "without a sequence", "with a time zone", "as text", "small times"],
)
async def test_what_was_declared_a_little_otherwise_becomes_the_same(
    postgresql_server: PostgresqlServer, url: str, ddl: str
) -> None:
    make_seed(url, [], ddl)
    query(
        url,
        "INSERT INTO messages (id, room_id, event_name, event_data, from_user, timestamp, created_at) "
        "OVERRIDING SYSTEM VALUE VALUES (1, 'r', 'e', '{}', 'u', 1, '2024-01-02 03:04:05+00')",
    )
    await migrate(url)
    assert query(url, TAKEN) == [(1, "r", "e", {}, "u", 1, KEPT, 1, 1, None)]
    with postgresql_server.database() as new:
        await migrate(new)
        assert schema(url) == schema(new)


async def test_all_kinds_of_json_are_taken_over(url: str) -> None:
    values = [{"a": [1, 2.5]}, [], "x", "5", 5, -1, 0.1, 10**300, True, None, "é", {"t": "[" * 1_000}]
    make_seed(url, [Row(event_data=json.dumps(value)) for value in values])
    await migrate(url)
    assert [value for (value,) in query(url, "SELECT event_data FROM messages ORDER BY seq")] == values


async def test_an_empty_table_is_taken_over(url: str) -> None:
    make_seed(url)
    await migrate(url)
    assert query(url, "SELECT count(seq) FROM messages") == [(0,)]


async def test_what_belongs_to_others_stays(url: str) -> None:
    make_seed(url, [Row(id=1), Row(id=2)])
    query(
        url,
        """
        CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);
        INSERT INTO users VALUES (1, 'ada');
        CREATE TABLE reactions (message_id INTEGER REFERENCES messages(id) ON DELETE CASCADE);
        INSERT INTO reactions VALUES (1), (2);
        CREATE INDEX my_own ON messages (from_user) WHERE from_user <> ':x %';
        CREATE INDEX "in the data" ON messages USING gin (event_data);
        COMMENT ON TABLE messages IS 'ours';
        GRANT SELECT ON messages TO PUBLIC;
        """,
    )
    await migrate(url)
    assert query(url, "SELECT name FROM users") == [("ada",)]
    query(url, "DELETE FROM messages WHERE id = 1")
    assert query(url, "SELECT message_id FROM reactions") == [(2,)]
    assert query(url, "SELECT indexdef FROM pg_indexes WHERE indexname IN ('my_own', 'in the data') ORDER BY 1") == [
        ('CREATE INDEX "in the data" ON public.messages USING gin (event_data)',),
        ("CREATE INDEX my_own ON public.messages USING btree (from_user) WHERE ((from_user)::text <> ':x %'::text)",),
    ]
    assert query(url, "SELECT obj_description('messages'::regclass)") == [("ours",)]
    assert query(url, "SELECT has_table_privilege('pg_monitor', 'messages', 'SELECT')") == [(True,)]


async def test_the_table_is_that_of_the_search_path(url: str) -> None:
    query(url, f"CREATE SCHEMA chat; ALTER DATABASE {url.rpartition('/')[2]} SET search_path = chat")
    make_seed(url, [Row()])
    query(
        url, "CREATE TABLE public.messages (id INTEGER, subject TEXT); CREATE TABLE public.dialogue_rooms (x INTEGER)"
    )
    await migrate(url)
    assert query(url, "SELECT seq FROM chat.messages") == [(1,)]
    assert query(url, "SELECT count(*) FROM chat.dialogue_rooms") == [(1,)]
    assert query(url, "SELECT * FROM public.messages") == []


async def test_a_table_in_another_schema_than_new_ones_is_refused(url: str) -> None:
    make_seed(url, [Row()])
    query(url, f"CREATE SCHEMA chat; ALTER DATABASE {url.rpartition('/')[2]} SET search_path = chat, public")
    assert "it is in the schema public, and new tables would be in chat" in await refusal(url)


async def test_progress_is_told_in_bites(url: str) -> None:
    make_many(url, 120_000)
    told: list[tuple[int, int]] = []
    await migrate(url, lambda done, total: told.append((done, total)))
    assert told == [(done, 120_000) for done in (0, 50_000, 100_000, 120_000)]


async def test_taking_over_happens_once_and_nodes_that_start_meanwhile_wait(url: str) -> None:
    make_many(url, 20_000)
    told: list[int] = []
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(migrate, url, lambda done, _total: told.append(done))
    assert told == [0, 20_000]
    assert query(url, "SELECT count(*), count(DISTINCT (room_id, seq)) FROM messages") == [(20_000, 20_000)]


@pytest.mark.parametrize(
    ("ddl", "differences"),
    [
        (
            "CREATE TABLE messages (id SERIAL PRIMARY KEY, room_id TEXT, body TEXT, timestamp TIMESTAMP)",
            [
                *(f"the column {name} is missing" for name in ("event_name", "event_data", "from_user", "created_at")),
                "the column timestamp is timestamp without time zone and not an integer type",
                "the column body is unknown",
            ],
        ),
        (SEED.replace("created_at", "edited INTEGER, created_at"), ["the column edited is unknown"]),
        (SEED.replace("PRIMARY KEY", "UNIQUE"), ["id is not its primary key", "it has the constraint messages_id_key"]),
        (SEED.replace("JSONB", "JSON"), ["the column event_data is json and not jsonb"]),
        (
            SEED.replace("timestamp BIGINT NOT NULL", "timestamp BIGINT GENERATED ALWAYS AS (5) STORED"),
            ["the column timestamp is generated"],
        ),
        ("CREATE VIEW messages AS SELECT 1 AS id", ["it is a view"]),
        (SEED.replace("CREATE TABLE", "CREATE UNLOGGED TABLE"), ["it is unlogged or temporary"]),
        ("CREATE TABLE messages (id INTEGER) PARTITION BY HASH (id)", ["it is partitioned"]),
        (SEED + "ALTER TABLE messages ENABLE ROW LEVEL SECURITY", ["it has row security, which may hide rows"]),
        (
            SEED + "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
            "CREATE TRIGGER tell AFTER INSERT ON messages FOR EACH ROW EXECUTE FUNCTION tell()",
            ["it has the trigger tell"],
        ),
        (
            SEED + "ALTER TABLE messages ADD CONSTRAINT short CHECK (length(room_id) < 5);"
            "CREATE RULE quiet AS ON DELETE TO messages DO INSTEAD NOTHING;"
            "CREATE TABLE more () INHERITS (messages);"
            "CREATE VIEW latest AS SELECT * FROM messages ORDER BY timestamp DESC",
            [
                "it has the constraint short",
                "it has the rule quiet",
                "the table more inherits from it",
                "the view latest reads it",
            ],
        ),
    ],
)
async def test_a_table_that_is_not_the_seeds_is_refused_with_the_differences(
    url: str, ddl: str, differences: list[str]
) -> None:
    query(url, ddl)
    message = await refusal(url)
    assert all(difference in message for difference in differences)
    assert message.count(";") == len(differences) - 1


BAD_ROWS = [
    (Row(event_data="[" * 300 + "]" * 300), "event_data cannot be read: recursion limit exceeded"),
    (Row(event_data="1e5000"), "event_data cannot be read: number out of range"),
    (Row(event_data=None), "event_data is NULL"),
    (Row(room_id=None), "room_id is NULL"),
    (Row(room_id="x" * 256), "room_id must have 1 to 255 characters, not 256"),
    (Row(room_id="a\u200bb"), "room_id must be printable"),
    (Row(room_id="ä\u0085"), "room_id must be printable"),
    (Row(room_id=" a"), "room_id must not begin or end with a space"),
    (Row(from_user="a "), "from_user must not begin or end with a space"),
    (Row(event_name=""), "event_name must have 1 to 100 characters, not 0"),
    (Row(event_name="dialogue.redacted"), "event_name must not begin with 'dialogue.', which is reserved"),
    (Row(event_name="a\tb"), "event_name must be printable"),
    (Row(from_user=None), "from_user is NULL"),
    (Row(timestamp=None), "timestamp is NULL"),
    (Row(created_at="infinity"), "created_at is not a time of the years 1 to 9998"),
    (Row(created_at="0044-03-15 BC"), "created_at is not a time of the years 1 to 9998"),
]


async def test_rows_that_could_not_be_read_are_refused_with_their_ids(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "LISTED", 100)
    bad = [replace(row, id=number) for number, (row, _) in enumerate(BAD_ROWS, 7)]
    good = [Row(id=1), Row(id=99)]
    make_seed(url, [*good, *bad], LOOSE.replace("VARCHAR(255)", "TEXT").replace("VARCHAR(100)", "TEXT"))
    listed = (await refusal(url)).partition("taken over: ")[2].split("; ")
    assert len(listed) == len(BAD_ROWS)
    for number, (told, (_, flaw)) in enumerate(zip(listed, BAD_ROWS, strict=True), 7):
        assert told.startswith(f"id {number}: {flaw}")


async def test_of_many_bad_rows_the_first_ones_are_listed(url: str) -> None:
    make_seed(url)
    query(
        url,
        "INSERT INTO messages (room_id, event_name, event_data, from_user, timestamp) "
        "SELECT '', 'e', '1', 'u', 1 FROM generate_series(1, 3000)",
    )
    message = await refusal(url)
    assert [f"id {index}:" in message for index in range(1, 7)] == [True] * 5 + [False]
    assert message.endswith("; and 2995 more")


async def test_names_of_any_language_are_taken_over(url: str) -> None:
    make_seed(
        url, [Row(room_id="Café ☕", event_name="сообщение", from_user="張三"), Row(room_id="a b", from_user="o'x")]
    )
    await migrate(url)
    assert query(url, "SELECT room_id, event_name, from_user, seq FROM messages ORDER BY id") == [
        ("Café ☕", "сообщение", "張三", 1),
        ("a b", "message", "o'x", 1),
    ]


async def test_tables_of_our_names_without_a_version_are_refused(url: str) -> None:
    make_seed(url, [Row()])
    query(url, "CREATE TABLE dialogue_rooms (x INTEGER)")
    assert "has tables of Dialogue's names without a version: dialogue_rooms" in await refusal(url)


async def test_a_seed_that_another_program_writes_to_is_left_alone(url: str) -> None:
    make_seed(url, [Row()])
    with psycopg.connect(url) as other:
        other.execute("UPDATE messages SET from_user = 'eve'")
        assert "that another program uses: it could not be had within 50ms" in await refusal(url, 0.05)
    await migrate(url)
    assert query(url, "SELECT from_user, seq FROM messages") == [("eve", 1)]
