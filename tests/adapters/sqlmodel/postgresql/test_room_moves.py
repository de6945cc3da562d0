"""A poll gives exactly what was not visible before, whatever transactions were open then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from dialogue.adapters.sqlmodel.postgresql.database import PostgresqlDatabase
from dialogue.adapters.sqlmodel.postgresql.engine import PostgresqlSettings
from dialogue.adapters.sqlmodel.postgresql.room_moves import MOVED, mend_moves
from dialogue.adapters.sqlmodel.postgresql.storage import PostgresqlStorage
from dialogue.domain.ports.removals import Removal

MOVE = "UPDATE dialogue_rooms SET head = head + 1 WHERE room_id = %s"
MAKE_ROOMS = """
    INSERT INTO dialogue_rooms (room_id, epoch, head, floor, swept, last_timestamp)
    SELECT 'room-' || n, 'e', 0, 0, 0, 0 FROM generate_series(1, %s) AS n
"""
MANY_REMOVALS = "INSERT INTO dialogue_removals (user_id, reason) SELECT 'ada', '' FROM generate_series(1, %s)"
MANY_MOVES = """
    DO $$ BEGIN
        FOR n IN 1..20000 LOOP
            UPDATE dialogue_rooms SET head = head + 1 WHERE room_id = 'room-' || (1 + n % 99);
            COMMIT;
        END LOOP;
    END $$
"""


@pytest.fixture
def writer(url: str) -> Iterator[psycopg.Connection]:
    """Somebody who writes, and commits when he likes."""
    with connected(url) as connection:
        connection.execute(MAKE_ROOMS, [100])
        connection.commit()
        yield connection


@contextmanager
def connected(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url) as connection:
        yield connection
        connection.rollback()


async def polled(storage: PostgresqlStorage, cursor: str | None) -> tuple[list[str], str]:
    """The rooms that moved since the cursor, in order, and the next one."""
    moves = await storage.moves.moved(cursor)
    assert moves.is_complete is (cursor is not None)
    return sorted(move.room_id for move in moves.rooms), moves.cursor


async def test_a_writer_that_stays_open_is_told_of_when_it_commits_and_nothing_twice(
    storage: PostgresqlStorage, url: str, writer: psycopg.Connection
) -> None:
    writer.execute(MOVE, ["room-100"])
    _, cursor = await polled(storage, None)
    with psycopg.connect(url, autocommit=True) as other:
        other.execute(MANY_MOVES)
    found, cursor = await polled(storage, cursor)
    assert found == sorted(f"room-{number}" for number in range(1, 100))
    for _ in range(3):
        found, cursor = await polled(storage, cursor)
        assert found == []
    writer.commit()
    found, cursor = await polled(storage, cursor)
    assert found == ["room-100"]
    assert (await polled(storage, cursor))[0] == []


async def test_transactions_that_commit_in_another_order_than_they_began_are_all_told(
    storage: PostgresqlStorage, url: str, writer: psycopg.Connection
) -> None:
    with connected(url) as second, connected(url) as third:
        for number, each in enumerate((writer, second, third), start=1):
            each.execute(MOVE, [f"room-{number}"])
        found, cursor = await polled(storage, None)
        seen = []
        for each in (third, writer, second):
            each.commit()
            found, cursor = await polled(storage, cursor)
            seen += found
    assert seen == ["room-3", "room-1", "room-2"]


async def test_what_a_part_of_a_transaction_moved_is_told_and_what_was_rolled_back_is_not(
    storage: PostgresqlStorage, writer: psycopg.Connection
) -> None:
    _, cursor = await polled(storage, None)
    with writer.transaction():
        writer.execute(MOVE, ["room-1"])
        with writer.transaction():
            writer.execute(MOVE, ["room-2"])
        with writer.transaction() as rolled_back:
            writer.execute(MOVE, ["room-3"])
            raise psycopg.Rollback(rolled_back)
    assert (await polled(storage, cursor))[0] == ["room-1", "room-2"]


async def test_what_moves_nothing_is_not_told(storage: PostgresqlStorage, writer: psycopg.Connection) -> None:
    _, cursor = await polled(storage, None)
    writer.execute("UPDATE dialogue_rooms SET swept = swept, ended = NULL, last_timestamp = 5")
    writer.commit()
    assert (await polled(storage, cursor))[0] == []


async def test_a_snapshot_behind_the_cursor_throws_the_cursor_away(storage: PostgresqlStorage) -> None:
    """As when a backup was put into the place of the server's data."""
    cursor = (await storage.moves.moved(None)).cursor
    identity, _, snapshot = cursor.partition(" ")
    later = int(snapshot.split(":")[1]) + 1_000
    moves = await storage.moves.moved(f"{identity} {later}:{later}:")
    assert not moves.is_complete
    assert (await storage.moves.moved(moves.cursor)).is_complete


async def test_of_another_server_or_a_table_that_was_put_into_its_place_the_cursor_is_thrown_away(
    storage: PostgresqlStorage, writer: psycopg.Connection
) -> None:
    cursor = (await storage.moves.moved(None)).cursor
    assert not (await storage.moves.moved(f"1{cursor}")).is_complete
    writer.execute("TRUNCATE dialogue_rooms")
    writer.commit()
    assert not (await storage.moves.moved(cursor)).is_complete


async def test_moves_of_the_future_are_told_at_no_poll_and_mended_at_the_start(
    storage: PostgresqlStorage, url: str, writer: psycopg.Connection
) -> None:
    """A dump of another server has its numbers."""
    _, cursor = await polled(storage, None)
    writer.execute("UPDATE dialogue_rooms SET moved = '1000000000' WHERE room_id IN ('room-7', 'room-8')")
    writer.commit()
    for _ in range(2):
        found, cursor = await polled(storage, cursor)
        assert found == []
    other = PostgresqlStorage(PostgresqlDatabase(PostgresqlSettings(url=url)))
    async with other.running():
        found, cursor = await polled(storage, cursor)
        assert found == ["room-7", "room-8"]
        assert (await polled(storage, cursor))[0] == []


async def test_a_poll_among_many_rooms_seeks(storage: PostgresqlStorage, url: str) -> None:
    """Also with a plan that was made for any cursor."""
    with psycopg.connect(url, autocommit=True) as other:
        other.execute(MAKE_ROOMS, [10_000])
        other.execute(MANY_REMOVALS, [10_000])
        other.execute("VACUUM ANALYZE dialogue_rooms, dialogue_removals")
        cursor = (await storage.moves.moved(None)).cursor
        following = int(cursor.split(":")[1])
        sql = str(MOVED).replace(":next", "$1").replace(":still_open", "$2")
        other.execute(f"PREPARE moved(xid8, xid8[]) AS {sql}")
        for mode in ("force_custom_plan", "force_generic_plan"):
            other.execute(f"SET plan_cache_mode = {mode}")
            rows = other.execute(f"EXPLAIN EXECUTE moved('{following}', '{{5,6}}')").fetchall()
            plan = "\n".join(row[0] for row in rows)
            assert "Seq Scan" not in plan
            assert plan.count("ix_dialogue_rooms_moved") >= 2


REMOVE = "INSERT INTO dialogue_removals (user_id, reason) VALUES (%s, '')"


async def removed(storage: PostgresqlStorage, cursor: str | None) -> tuple[list[str], str]:
    """Who was removed since the cursor, and the next one."""
    moves = await storage.moves.moved(cursor)
    return [removal.user_id for removal in moves.removals], moves.cursor


async def test_a_removal_that_commits_late_is_told_when_it_does(
    storage: PostgresqlStorage, writer: psycopg.Connection
) -> None:
    writer.execute(REMOVE, ["ada"])
    _, cursor = await removed(storage, None)
    await storage.removals.add(Removal(user_id="bob"))
    found, cursor = await removed(storage, cursor)
    assert found == ["bob"]
    writer.commit()
    found, cursor = await removed(storage, cursor)
    assert found == ["ada"]
    assert (await removed(storage, cursor))[0] == []


async def test_removals_since_a_cursor_that_is_worth_nothing_are_told_by_their_time(
    storage: PostgresqlStorage, writer: psycopg.Connection
) -> None:
    writer.execute(
        "INSERT INTO dialogue_removals (user_id, reason, removed_at) VALUES ('eve', '', now() - interval '1h')"
    )
    writer.commit()
    _, cursor = await removed(storage, None)
    await storage.removals.add(Removal(user_id="ada"))
    found, cursor = await removed(storage, f"another server {cursor.split(' ', 1)[1]}")
    assert found == ["ada"]
    assert (await removed(storage, cursor))[0] == []


async def test_removals_of_a_restored_dump_are_never_told(
    storage: PostgresqlStorage, writer: psycopg.Connection
) -> None:
    writer.execute(
        "INSERT INTO dialogue_removals (user_id, reason, moved) "
        "SELECT 'ada', '', CAST(CAST(CAST(CAST(pg_current_xact_id() AS text) AS bigint) + n AS text) AS xid8) "
        "FROM generate_series(3, 20) AS n"
    )
    writer.commit()
    _, cursor = await removed(storage, None)
    await storage._database.write(mend_moves)
    for _ in range(20):
        await storage.removals.add(Removal(user_id="bob"))
    assert set((await removed(storage, cursor))[0]) == {"bob"}


async def test_an_old_removal_that_a_restored_dump_brings_is_not_told(
    storage: PostgresqlStorage, writer: psycopg.Connection
) -> None:
    _, cursor = await removed(storage, None)
    writer.execute(
        "INSERT INTO dialogue_removals (user_id, reason, removed_at) VALUES ('eve', '', now() - interval '25h')"
    )
    writer.commit()
    await storage.removals.add(Removal(user_id="ada"))
    assert (await removed(storage, cursor))[0] == ["ada"]


async def test_removals_are_forgotten_after_a_day(storage: PostgresqlStorage, writer: psycopg.Connection) -> None:
    await storage.removals.add(Removal(user_id="ada"))
    writer.execute("UPDATE dialogue_removals SET removed_at = removed_at - interval '25 hours'")
    writer.commit()
    await storage.removals.add(Removal(user_id="bob"))
    assert writer.execute("SELECT user_id FROM dialogue_removals").fetchall() == [("bob",)]
