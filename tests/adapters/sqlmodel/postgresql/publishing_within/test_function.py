"""The SQL function `dialogue_publish`: what it keeps, what it refuses, and who may call it."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import AsyncIterator, Iterator
from time import time
from typing import Any, NamedTuple

import anyio
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.adapters.sqlmodel.postgresql.database import PostgresqlDatabase
from dialogue.adapters.sqlmodel.postgresql.engine import PostgresqlSettings
from dialogue.adapters.sqlmodel.postgresql.storage import PostgresqlStorage
from dialogue.domain import json_value
from dialogue.domain.errors import InvalidEvent
from dialogue.domain.outcome import Repeat
from dialogue.domain.page import PageLimit
from dialogue.domain.ports.room_store import StoredRoom
from dialogue.domain.ports.transaction_archive import PublishRules
from dialogue.domain.room import MAX_META_SIZE

from .....contracts.storage import Storage
from .....support.appending import append
from .....support.shared_postgresql import database_with_tables

MAX_SIZE = 20_000
MAX_VALUES = 1_000
TTL_S = 3_600.0
RULES = PublishRules(
    names={"general": ("message", "note"), "silent": ()},
    runtime_names=("message", "vote"),
    max_event_size=MAX_SIZE,
    max_values=MAX_VALUES,
)
CALL = "SELECT * FROM dialogue_publish(%s, %s, %s::jsonb, %s, %s::jsonb, %s)"


class Place(NamedTuple):
    """What the function gives back."""

    seq: int
    timestamp: int
    duplicate: bool


class Sql:
    """Somebody who calls the function over a connection of their own."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def publish(
        self,
        room_id: str | None = "general",
        event_name: str | None = "message",
        data: str | None = "1",
        from_user: str | None = "ada",
        meta: str | None = None,
        key: str | None = None,
    ) -> Place:
        """One call; `data` and `meta` are JSON."""
        row = self.connection.execute(CALL, [room_id, event_name, data, from_user, meta, key]).fetchone()
        assert row is not None
        return Place(*row)

    def refusal(self, *arguments: Any, **named: Any) -> tuple[str | None, str]:
        """The state and the message with which a call is refused."""
        with pytest.raises(psycopg.Error) as refused:
            self.publish(*arguments, **named)
        self.connection.rollback()
        return refused.value.sqlstate, refused.value.diag.message_primary or ""


@pytest.fixture
def url() -> Iterator[str]:
    """A database with the tables, over which no server has run."""
    with database_with_tables() as url:
        yield url


@pytest.fixture
async def storage(url: str) -> AsyncIterator[Storage]:
    """The storage of a server over it."""
    kept = PostgresqlStorage(PostgresqlDatabase(PostgresqlSettings(url=url)), TTL_S)
    async with kept.running():
        await kept.transactions.allow(RULES)
        yield Storage(kept)


@pytest.fixture
def sql(url: str) -> Iterator[Sql]:
    """A connection of the application's own, in which every call is a transaction until `begin`."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield Sql(connection)


@pytest.fixture(scope="module")
def told() -> Iterator[Sql]:
    """A connection to a database that all tests share which leave no mark; a server has said there what it keeps."""

    async def tell(url: str) -> None:
        kept = PostgresqlStorage(PostgresqlDatabase(PostgresqlSettings(url=url)), TTL_S)
        async with kept.running():
            await kept.transactions.allow(RULES)

    with database_with_tables() as url:
        anyio.run(tell, url)
        with psycopg.connect(url, autocommit=True) as connection:
            yield Sql(connection)


async def test_what_it_keeps_is_an_event_like_any_other(storage: Storage, sql: Sql) -> None:
    place = sql.publish("general", "note", '{"b": 1.5, "a": [null, "ä"]}', "ada", '{"m": true}')
    [event] = await storage.all("general")
    assert (event.seq, event.timestamp_ms) == (place.seq, place.timestamp) == (1, event.timestamp_ms)
    assert not place.duplicate
    assert (event.name, event.sender, event.event_seq) == ("note", "ada", 1)
    assert (event.json, event.meta) == ({"a": [None, "ä"], "b": 1.5}, b'{"m":true}')


async def test_places_go_on_in_room_and_stream_whoever_publishes(storage: Storage, sql: Sql) -> None:
    await storage.publish("general", "message", "note")
    assert sql.publish("general", "message").seq == 3
    [event] = await storage.publish("general", "message")
    assert (event.seq, event.event_seq) == (4, 3)
    assert [each.event_seq for each in await storage.all("general", ["message"])] == [1, 2, 3]


async def test_the_time_never_runs_backwards_in_a_room(storage: Storage, sql: Sql) -> None:
    far = 4_000_000_000_000
    await storage.publish("general", "message", now_ms=far)
    assert sql.publish().timestamp == far


async def test_a_roll_back_leaves_no_hole_nor_does_one_to_a_savepoint(storage: Storage, sql: Sql) -> None:
    with sql.connection.transaction(force_rollback=True):
        assert [sql.publish().seq for _ in range(3)] == [1, 2, 3]
    with sql.connection.transaction():
        assert sql.publish(data='"first"').seq == 1
        with sql.connection.transaction(force_rollback=True):
            assert sql.publish(data='"undone"').seq == 2
        assert sql.publish(data='"second"').seq == 2
    assert [event.json for event in await storage.all("general")] == ["first", "second"]
    assert [event.event_seq for event in await storage.all("general")] == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "state", "message"),
    [
        ({"room_id": "gone"}, "DLG01", "room_id: there is no room 'gone'"),
        ({"room_id": ""}, "DLG01", "room_id: there is no room ''"),
        ({"room_id": None}, "DLG01", "room_id: there is no room NULL"),
        ({"event_name": "vote"}, "DLG02", "event_name: 'vote' is no event that the room keeps"),
        ({"event_name": None}, "DLG02", "event_name: NULL is no event that the room keeps"),
        ({"event_name": "dialogue.redacted"}, "DLG02", "event_name: 'dialogue.redacted' is reserved"),
        ({"room_id": "silent"}, "DLG02", "event_name: 'message' is no event that the room keeps"),
        ({"data": None}, "DLG03", "data: must not be NULL; nothing is 'null'::jsonb"),
        ({"data": "[" * 65 + "]" * 65}, "DLG03", "data: must not be nested deeper than 64"),
        ({"data": '{"a":' * 64 + "{}" + "}" * 64}, "DLG03", "data: must not be nested deeper than 64"),
        ({"data": "9007199254740993"}, "DLG03", "data: must be an integer within ±2^53"),
        ({"data": '{"a": [-9007199254740993]}'}, "DLG03", "data: must be an integer within ±2^53"),
        ({"data": "1e300"}, "DLG03", "data: must be an integer within ±2^53"),
        ({"data": "1" + "0" * 400 + ".5"}, "DLG03", "data: must be a number that a double holds"),
        ({"data": json.dumps([0] * MAX_VALUES)}, "DLG03", f"data: must hold at most {MAX_VALUES} values"),
        ({"meta": "[]"}, "DLG03", "meta: must be an object"),
        ({"meta": "null"}, "DLG03", "meta: must be an object"),
        ({"meta": '{"a": 9007199254740993}'}, "DLG03", "meta: must be an integer within ±2^53"),
        ({"from_user": None}, "DLG04", "from_user: must be a text"),
        ({"from_user": ""}, "DLG04", "from_user: must have 1 to 255 characters, not 0"),
        ({"from_user": "a" * 256}, "DLG04", "from_user: must have 1 to 255 characters, not 256"),
        ({"from_user": "a\tb"}, "DLG04", "from_user: must be printable"),
        ({"from_user": "a\u200bb"}, "DLG04", "from_user: must be printable"),
        ({"from_user": " ada"}, "DLG04", "from_user: must not begin or end with a space"),
        ({"key": ""}, "DLG04", "key: must have 1 to 64 characters, not 0"),
        ({"key": "k" * 65}, "DLG04", "key: must have 1 to 64 characters, not 65"),
        ({"data": r'"\u0000"'}, "22P05", "unsupported Unicode escape sequence"),
        ({"data": r'"\ud800"'}, "22P02", "invalid input syntax for type json"),
    ],
    ids=str,
)
def test_what_no_event_may_be_is_refused_and_takes_no_number(
    told: Sql, arguments: dict[str, Any], state: str, message: str
) -> None:
    before = told.publish().seq
    assert told.refusal(**arguments) == (state, message)
    assert told.publish().seq == before + 1


@pytest.mark.parametrize(
    "arguments",
    [
        {"data": "[" * 64 + "]" * 64},
        {"data": "9007199254740992"},
        {"data": "1" + "0" * 300 + ".0"},
        {"data": json.dumps([0] * (MAX_VALUES - 1))},
        {"data": json.dumps("[{,1234567890123456789" * 200)},
        {"data": "null"},
        {"meta": "{}"},
        {"from_user": "a" * 255},
        {"from_user": "Ada 😀"},
        {"key": "k" * 64},
        {"key": "\u200b"},
    ],
    ids=str,
)
def test_what_stands_at_a_bound_is_kept(told: Sql, arguments: dict[str, Any]) -> None:
    before = told.publish().seq
    assert told.publish(**arguments).seq == before + 1


async def test_sizes_are_bounded_as_a_server_bounds_them(storage: Storage, sql: Sql) -> None:
    beside = 160 + 4 * len("general" + "note" + "ada")
    meta = json.dumps({"a": "m" * (MAX_META_SIZE - 8)})
    largest = json.dumps(["x"] * 900 + ["y" * (MAX_SIZE - beside - 900 * 4 - 4)])
    assert sql.publish("general", "note", largest).seq == 1
    one_more = largest.replace("yy", "yyy", 1)
    assert sql.refusal("general", "note", one_more) == (
        "DLG03",
        f"data: must be at most {MAX_SIZE - beside} bytes of JSON, not {MAX_SIZE - beside + 1}",
    )
    assert sql.publish("general", "note", "1", meta=meta).seq == 2
    assert sql.refusal("general", "note", largest, meta=meta)[0] == "DLG03"
    assert sql.refusal("general", "note", "1", meta=meta.replace("mm", "mmm", 1)) == (
        "DLG03",
        f"meta: must be at most {MAX_META_SIZE} bytes of JSON, not {MAX_META_SIZE + 1}",
    )
    assert len(await storage.source.newer("general", None, 0, PageLimit(size=1 << 20))) == 2


def test_before_a_server_has_said_what_may_be_published_nothing_may(sql: Sql) -> None:
    assert sql.refusal() == ("DLG06", "database: no server has run over it yet")


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
async def test_only_read_committed_will_do(sql: Sql, level: str) -> None:
    sql.connection.autocommit = False
    sql.connection.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
    assert sql.refusal() == ("DLG05", f"transaction: must be at READ COMMITTED, not at {level}")


async def test_what_the_last_server_said_is_in_force(url: str, storage: Storage, sql: Sql) -> None:
    assert sql.publish("general", "note").seq == 1
    other = PostgresqlStorage(PostgresqlDatabase(PostgresqlSettings(url=url)))
    async with other.running():
        names = {"general": ("message",), "new": ("note",)}
        await other.transactions.allow(PublishRules(names=names, runtime_names=(), max_event_size=300, max_values=9))
    assert sql.refusal("general", "note")[0] == "DLG02"
    assert sql.refusal("silent")[0] == "DLG01"
    assert sql.refusal("new", "note", json.dumps("x" * 99))[1] == "data: must be at most 100 bytes of JSON, not 101"
    assert sql.publish("new", "note", json.dumps("x" * 98)).seq == 1
    assert len(await storage.all("general")) == 1


async def test_a_room_made_at_run_time_keeps_what_it_was_made_with(storage: Storage, sql: Sql) -> None:
    assert sql.refusal("made")[0] == "DLG01"
    await storage.rooms.create(StoredRoom(id="made", name="M", event_names=("vote", "message", "note")))
    await storage.rooms.create(StoredRoom(id="any", name="A"))
    assert sql.publish("made", "vote").seq == 1
    assert sql.refusal("made", "note")[0] == "DLG02"  # the application does not offer it any more
    assert sql.publish("any", "message").seq == 1
    await storage.rooms.delete("made")
    assert sql.refusal("made", "vote")[0] == "DLG01"
    await storage.rooms.create(StoredRoom(id="made", name="M", event_names=("vote",)))
    assert sql.publish("made", "vote").seq == 2
    assert sql.refusal("made", "message")[0] == "DLG02"


async def test_a_room_in_the_code_is_there_before_anybody_opens_it_also_where_one_was_deleted_before(
    storage: Storage, sql: Sql
) -> None:
    await storage.rooms.create(StoredRoom(id="old", name="O"))
    assert sql.publish("old").seq == 1
    await storage.rooms.delete("old")
    kept = storage.ports.transactions
    assert kept is not None
    await kept.allow(PublishRules(names={"old": ("message",)}, runtime_names=(), max_event_size=MAX_SIZE, max_values=9))
    assert sql.publish("old").seq == 2
    assert [event.seq for event in await storage.all("old")] == [2]
    await storage.sweep_all()
    assert [event.seq for event in await storage.all("old")] == [2]


async def test_a_key_that_a_server_has_seen_is_a_repeat_in_sql_and_the_other_way_round(
    storage: Storage, sql: Sql
) -> None:
    now_ms = round(time() * 1_000)
    [first] = await storage.append([await storage.keyed("general", b'{"a":1}', key="server")], now_ms)
    assert sql.publish(data='{"a": 1}', key="server") == Place(1, first.timestamp_ms, True)
    assert sql.publish(data='{"a": 2}', key="server").duplicate  # of different schemes: the key alone tells
    place = sql.publish(key="sql")
    [outcome] = await append(storage.archive, [await storage.keyed("general", b"1", key="sql")], place.timestamp)
    assert outcome == Repeat(seq=2, timestamp_ms=place.timestamp)
    assert len(await storage.all("general")) == 2


@pytest.mark.usefixtures("storage")
async def test_a_key_is_its_sender_s_and_of_one_event(sql: Sql) -> None:
    first = sql.publish(data='{"a": 1, "b": 2}', key="k")
    assert sql.publish(data='{"b": 2, "a": 1}', key="k") == first._replace(duplicate=True)
    assert sql.publish(from_user="bob", data='{"a": 1}', key="k").seq == 2
    refusal = ("DLG04", "key: was used for another event, or other data, before")
    assert sql.refusal(data='{"a": 1}', key="k") == refusal
    assert sql.refusal(event_name="note", data='{"a": 1, "b": 2}', key="k") == refusal
    assert sql.refusal(data='{"a": 1, "b": 2}', meta="{}", key="k") == refusal


@pytest.mark.usefixtures("storage")
async def test_a_key_whose_time_is_over_is_new_and_one_that_was_rolled_back_too(sql: Sql) -> None:
    with sql.connection.transaction(force_rollback=True):
        sql.publish(key="k")
    assert not sql.publish(key="k").duplicate
    sql.connection.execute("UPDATE dialogue_keys SET timestamp = timestamp - %s", [round(TTL_S * 1_000) + 60_000])
    assert not sql.publish(data="2", key="k").duplicate
    assert sql.publish(data="2", key="k") == sql.publish(data="2", key="k")


@pytest.mark.usefixtures("storage")
async def test_nothing_that_runs_in_the_applications_transaction_notifies(sql: Sql) -> None:
    """PostgreSQL lets only one transaction at a time commit that has: all of the application's would wait in a row."""
    found = sql.connection.execute(
        "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"
    ).fetchall()
    assert {"dialogue_publish", "dialogue_room_moved"} <= {name for name, _ in found}
    assert [name for name, source in found if "notify" in source.lower()] == []


@pytest.mark.usefixtures("storage")
async def test_nobody_may_call_it_but_whom_the_administrator_names_and_they_need_no_right_on_a_table(
    url: str, sql: Sql
) -> None:
    role = f"shop_{url.rpartition('/')[2]}"
    sql.connection.execute(f"CREATE ROLE {role}")
    try:
        sql.connection.execute(f"SET ROLE {role}")
        assert sql.refusal() == ("42501", "permission denied for function dialogue_publish")
        sql.connection.execute("RESET ROLE")
        sql.connection.execute(f"GRANT EXECUTE ON FUNCTION dialogue_publish TO {role}")
        sql.connection.execute(f"SET ROLE {role}")
        assert sql.publish(key="k").seq == 1
        for table in ("messages", "dialogue_rooms", "dialogue_keys", "dialogue_kept_names", "dialogue_bounds"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                sql.connection.execute(f"SELECT 1 FROM {table}")
    finally:
        sql.connection.execute("RESET ROLE")
        sql.connection.execute(f"DROP OWNED BY {role}")
        sql.connection.execute(f"DROP ROLE {role}")


@pytest.mark.usefixtures("storage")
async def test_what_a_caller_puts_into_its_own_search_path_is_not_used(sql: Sql) -> None:
    sql.connection.execute("CREATE SCHEMA mine")
    sql.connection.execute("CREATE TABLE mine.messages (LIKE public.messages)")
    sql.connection.execute("CREATE FUNCTION mine.length(text) RETURNS integer LANGUAGE sql AS 'SELECT 0'")
    sql.connection.execute("SET search_path = mine, pg_catalog, public")
    assert sql.publish(key="k").seq == 1
    assert sql.connection.execute("SELECT count(*) FROM mine.messages").fetchone() == (0,)


@pytest.fixture(scope="module")
def helpers() -> Iterator[psycopg.Connection]:
    """A database whose helping functions are called by themselves."""
    with database_with_tables() as url, psycopg.connect(url, autocommit=True) as connection:
        yield connection


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs", "Cc"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('ab,: "\\', max_size=3), inner, max_size=4),
    max_leaves=20,
)


@given(ANY_JSON)
def test_the_size_of_json_is_that_of_compact_json(helpers: psycopg.Connection, value: Any) -> None:
    row = helpers.execute("SELECT dialogue_json_size(%s::jsonb)", [json.dumps(value)]).fetchone()
    assert row == (len(json_value.encode(value)),)


def nested(depth: int) -> Any:
    """Arrays and objects within one another."""
    value: Any = 1
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


ODD_JSON = st.recursive(
    st.integers(2**53 - 2, 2**53 + 2) | st.integers(-(2**53) - 2, -(2**53) + 2) | st.text("0123456789[{,"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("0[{", max_size=2), inner, max_size=3),
    max_leaves=8,
) | st.integers(60, 70).map(nested)


@given(ODD_JSON)
def test_json_is_refused_where_a_server_refuses_it(helpers: psycopg.Connection, value: Any) -> None:
    row = helpers.execute("SELECT dialogue_flaw_of_json(%s::jsonb, 100000, 10000)", [json.dumps(value)]).fetchone()
    assert row == (flaw(value),)


def flaw(value: Any) -> str | None:
    """Why a server refuses it; None where it does not."""
    try:
        json_value.ensure_keepable(value, "data")
    except InvalidEvent as error:
        return error.problems[0].message
    return None


def test_a_user_s_id_is_printable_where_a_server_says_so(helpers: psycopg.Connection) -> None:
    """But for characters that no Unicode has assigned yet: every Python knows others."""
    numbers = [*range(1, 0xD800), *range(0xE000, 0x1C000), *range(0x1D000, 0x1E000), *range(0xE0000, 0xE0200), 0x100000]
    rows = helpers.execute(
        "SELECT number FROM unnest(%s) AS number WHERE dialogue_flaw_of_user('a' || chr(number) || 'a') IS NOT NULL",
        [numbers],
    ).fetchall()
    refused = {chr(number) for (number,) in rows}
    assigned = {chr(number) for number in numbers if unicodedata.category(chr(number)) != "Cn"}
    assert refused & assigned == {each for each in assigned if not each.isprintable()}
