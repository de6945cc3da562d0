"""Wherever a connection breaks, what is answered is what is kept; also where nobody has heard how a commit ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import psycopg
import pytest
from anyio import Event as Signal
from anyio import create_task_group, fail_after

from dialogue.adapters.sqlmodel import commit_outcome
from dialogue.adapters.sqlmodel.commit_outcome import CommitUnknown
from dialogue.adapters.sqlmodel.postgresql.database import PostgresqlDatabase
from dialogue.adapters.sqlmodel.postgresql.driver import DriverConnection
from dialogue.adapters.sqlmodel.postgresql.engine import PostgresqlSettings
from dialogue.adapters.sqlmodel.postgresql.storage import PostgresqlStorage
from dialogue.application.deadline import deadline_at
from dialogue.domain.draft import Draft
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.errors import DialogueError, Unavailable
from dialogue.domain.event import Event
from dialogue.domain.ports.history_archive import SpoiledBatch
from dialogue.domain.ports.room_store import StoredRoom
from dialogue.domain.position import StreamFloor

from ....support.appending import append
from ....support.cutting_proxy import CuttingProxy, Fate
from ....support.patience import wait_until
from ....support.postgresql import postgresql

pytestmark = pytest.mark.anyio

SLOW_COMMIT = """
    CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON messages DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION be_slow()
"""


class Cut:
    """Lets what a client sends have a fate from its `number`th message on, once; counts them."""

    def __init__(self, number: int, fate: Fate, on_cut: Callable[[], None] = lambda: None) -> None:
        self.count = 0
        self._number = number
        self._fate = fate
        self._on_cut = on_cut

    def __call__(self, sent: bytes) -> Fate:
        self.count += 1
        if self.count - 1 != self._number:
            return Fate.PASSED
        self._on_cut()
        return self._fate

    @property
    def was_reached(self) -> bool:
        return self.count > self._number


def at_commit(fate: Fate) -> Callable[[bytes], Fate]:
    """That fate for the next commit of a write, and for nothing else."""
    left = [fate]

    def decide(sent: bytes) -> Fate:
        return left.pop() if left and b"COMMIT\x00" in sent else Fate.PASSED

    return decide


def kept(url: str) -> list[tuple[int, object]]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT seq, event_data FROM messages WHERE room_id = 'room' ORDER BY seq").fetchall()


def end_backends(url: str) -> Callable[[], None]:
    def end() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    return end


async def draft(storage: PostgresqlStorage, number: int) -> Draft:
    epoch = (await storage.archive.open("room")).epoch
    return Draft(room_id="room", epoch=epoch, name="note", payload=b"%d" % number, sender="ada")


async def outcome(storage: PostgresqlStorage, draft: Draft) -> Event | DialogueError:
    try:
        [outcome] = await append(storage.archive, [draft], 1_000)
    except Unavailable as error:
        return error
    assert isinstance(outcome, Event)
    return outcome


@pytest.mark.parametrize("how", ["lost", "unanswered", "ended"])
async def test_an_append_that_is_cut_anywhere_is_kept_exactly_where_its_answer_says_so(
    how: str, database: PostgresqlDatabase, proxy: CuttingProxy, url: str
) -> None:
    """Cut at each message of its transaction: before the server gets it, after, and by ending the server's process."""
    storage = PostgresqlStorage(database)
    fate = {"lost": Fate.LOST, "unanswered": Fate.UNANSWERED, "ended": Fate.PASSED}[how]
    expected: list[tuple[int, object]] = []
    points = 0
    while True:
        next_one = await draft(storage, points)
        proxy.decide = cut = Cut(points, fate, end_backends(url) if how == "ended" else lambda: None)
        found = await outcome(storage, next_one)
        proxy.decide = lambda _sent: Fate.PASSED
        if isinstance(found, Event):
            assert found.seq is not None
            expected.append((found.seq, points))
        assert kept(url) == expected
        if not cut.was_reached:
            break
        points += 1
    assert points >= 4
    assert [seq for seq, _ in expected] == list(range(1, len(expected) + 1))
    assert len(expected) >= 2  # the one that was not cut, and at least the first message is tried again


async def test_a_commit_whose_answer_is_lost_counts_as_what_it_was(
    database: PostgresqlDatabase, proxy: CuttingProxy, url: str
) -> None:
    storage = PostgresqlStorage(database)
    first = await draft(storage, 1)
    proxy.decide = at_commit(Fate.UNANSWERED)
    assert isinstance(await outcome(storage, first), Event)
    second = await draft(storage, 2)
    proxy.decide = at_commit(Fate.LOST)
    assert isinstance(await outcome(storage, second), Unavailable)
    assert kept(url) == [(1, 1)]


async def test_a_backend_that_still_commits_is_ended_and_what_it_did_counts_as_not_kept(
    database: PostgresqlDatabase, proxy: CuttingProxy, url: str
) -> None:
    """It would take a minute; whoever asked for its lock alone would wait for that."""
    storage = PostgresqlStorage(database)
    slow = await draft(storage, 1)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SLOW_COMMIT)
        proxy.decide = at_commit(Fate.UNANSWERED)
        with fail_after(60):
            assert isinstance(await outcome(storage, slow), Unavailable)
        running = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'dialogue server%'"
        assert connection.execute(running).fetchone() == (0,)
        connection.execute("DROP TRIGGER slow ON messages")
    assert isinstance(await outcome(storage, slow), Event)
    assert kept(url) == [(1, 1)]


async def test_what_is_refused_at_the_commit_is_refused(database: PostgresqlDatabase, url: str) -> None:
    """By a constraint of the owner's that is checked then: it spoils its batch, as one that is checked before."""
    storage = PostgresqlStorage(database)
    first, second = await draft(storage, 1), await draft(storage, 2)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            SLOW_COMMIT.replace("PERFORM pg_sleep(60)", "IF NEW.event_data = ''1'' THEN RAISE ''no''; END IF")
        )
    with pytest.raises(SpoiledBatch):
        await append(storage.archive, [first, second], 1_000)
    assert isinstance(await outcome(storage, second), Event)
    assert kept(url) == [(1, 2)]


async def test_a_commit_that_nobody_answers_is_asked_about_in_time(
    database: PostgresqlDatabase, proxy: CuttingProxy, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network that swallows everything closes no connection."""
    monkeypatch.setattr("dialogue.adapters.sqlmodel.postgresql.transaction.COMMIT_S", 0.3)
    storage = PostgresqlStorage(database)
    first = await draft(storage, 1)

    def swallow(sent: bytes) -> Fate:
        proxy.is_silent = b"COMMIT\x00" in sent
        return Fate.PASSED

    proxy.decide = swallow
    async with create_task_group() as tasks:
        tasks.start_soon(_speak_again_when_asked, proxy)
        assert isinstance(await outcome(storage, first), Event)
    assert kept(url) == [(1, 1)]


async def _speak_again_when_asked(proxy: CuttingProxy) -> None:
    with fail_after(30):
        await proxy.reconnected()
    proxy.decide = lambda _sent: Fate.PASSED
    proxy.is_silent = False
    proxy.cut()


async def test_where_it_cannot_be_found_out_in_time_nobody_is_told_anything(
    database: PostgresqlDatabase, proxy: CuttingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit_outcome, "PATIENCE_S", 0.3)
    storage = PostgresqlStorage(database)
    lost = await draft(storage, 1)

    def refuse(sent: bytes) -> Fate:
        if b"COMMIT\x00" in sent:
            proxy.refuses = True
            return Fate.UNANSWERED
        return Fate.PASSED

    proxy.decide = refuse
    with pytest.raises(CommitUnknown):
        await append(storage.archive, [lost], 1_000)


CREATED = StoredRoom(id="made", name="Made")


async def create(storage: PostgresqlStorage) -> None:
    await storage.rooms.create(CREATED)


async def delete(storage: PostgresqlStorage) -> None:
    await storage.rooms.delete("room")


async def mark(storage: PostgresqlStorage) -> None:
    await storage.read_marks.mark("ada", "room", 1)


async def trim(storage: PostgresqlStorage) -> None:
    await storage.archive.trim("room", "note", StreamFloor(event_seq=1, seq=1))


@pytest.mark.parametrize("act", [create, delete, mark, trim])
async def test_rooms_marks_and_trims_are_resolved_as_appends_are(
    act: Callable[[PostgresqlStorage], Awaitable[None]], database: PostgresqlDatabase, proxy: CuttingProxy, url: str
) -> None:
    storage = PostgresqlStorage(database)
    await append(storage.archive, [await draft(storage, 1)], 1_000)
    before = _state(url)
    proxy.decide = at_commit(Fate.LOST)
    with pytest.raises(Unavailable):
        await act(storage)
    assert _state(url) == before
    proxy.decide = at_commit(Fate.UNANSWERED)
    await act(storage)
    assert _state(url) != before


def _state(url: str) -> list[object]:
    tables = ("dialogue_rooms", "dialogue_streams", "dialogue_read_marks", "messages")
    with psycopg.connect(url) as connection:
        return [connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2".encode()).fetchall() for table in tables]


async def test_a_row_that_somebody_has_removed_is_made_again(database: PostgresqlDatabase, url: str) -> None:
    """As in a database that was restored to what it was before this node began."""
    storage = PostgresqlStorage(database)
    first = await draft(storage, 1)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DELETE FROM dialogue_writers")
    assert isinstance(await outcome(storage, first), Event)
    assert isinstance(await outcome(storage, await draft(storage, 2)), Event)  # the room has moved with the first one
    assert kept(url) == [(1, 1), (2, 2)]


async def test_other_writers_rows_stay(database: PostgresqlDatabase, url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO dialogue_writers (writer_id, batch) VALUES ('another', 7)")
        await outcome(PostgresqlStorage(database), await draft(PostgresqlStorage(database), 1))
        other = "SELECT batch FROM dialogue_writers WHERE writer_id = 'another'"
        assert connection.execute(other).fetchone() == (7,)


async def test_transactions_do_not_wait_for_ever(url: str) -> None:
    """Neither for a lock nor for its answer; the deadline of whoever asks counts, and not the time-out of locks."""
    storage = PostgresqlStorage(PostgresqlDatabase(PostgresqlSettings(url=url, lock_timeout_s=600)))
    async with storage.running():
        first = await draft(storage, 1)
        with psycopg.connect(url) as connection:
            connection.execute("SELECT * FROM dialogue_rooms FOR UPDATE")
            began = monotonic()
            with deadline_at(began + 0.3), fail_after(60):
                assert isinstance(await outcome(storage, first), Unavailable)
            assert monotonic() - began > 0.25
        assert isinstance(await outcome(storage, first), Event)


@pytest.mark.parametrize("word", [b"BEGIN", b"FOR UPDATE SKIP LOCKED", b"dialogue_writers"])
async def test_a_network_that_swallows_everything_is_waited_for_a_while_longer_than_the_server(
    database: PostgresqlDatabase, proxy: CuttingProxy, url: str, monkeypatch: pytest.MonkeyPatch, word: bytes
) -> None:
    """Whatever is waited for then: the answer is that nothing was kept, and so it is."""
    monkeypatch.setattr("dialogue.adapters.sqlmodel.postgresql.transaction.GRACE_S", 0.3)
    storage = PostgresqlStorage(database)
    first = await draft(storage, 1)

    def swallow(sent: bytes) -> Fate:
        proxy.is_silent = proxy.is_silent or word in sent
        return Fate.PASSED

    proxy.decide = swallow
    with fail_after(30), deadline_at(monotonic() + 0.2):
        refused = await outcome(storage, first)
    assert isinstance(refused, Unavailable)
    assert "does not answer in time" in refused.message
    proxy.decide = lambda _sent: Fate.PASSED
    proxy.is_silent = False
    assert kept(url) == []
    assert isinstance(await outcome(storage, first), Event)


async def test_a_node_that_hangs_amid_a_transaction_holds_nothing_up_for_long(url: str) -> None:
    """As one that was stopped (SIGSTOP), or whose network swallows everything: PostgreSQL ends it after a while."""
    hanging = PostgresqlDatabase(PostgresqlSettings(url=url, idle_timeout_s=0.5))
    other = PostgresqlStorage(PostgresqlDatabase(PostgresqlSettings(url=url)))
    async with hanging.running(), other.running():
        first = await draft(other, 1)
        has_locked = Signal()

        async def hang(raw: DriverConnection, _: object) -> None:
            await raw.execute("SELECT FROM dialogue_rooms FOR UPDATE")
            has_locked.set()
            await is_published.wait()
            await raw.execute("UPDATE dialogue_rooms SET head = 7")

        is_published = Signal()

        async def hold() -> None:
            with pytest.raises(Unavailable):
                await hanging.transact(hang)

        async with create_task_group() as tasks:
            tasks.start_soon(hold)
            await has_locked.wait()
            assert isinstance(await outcome(other, first), Event)
            is_published.set()
    assert kept(url) == [(1, 1)]


async def test_a_backend_that_was_left_amid_a_batch_is_ended_before_the_next_one(
    database: PostgresqlDatabase, proxy: CuttingProxy, url: str
) -> None:
    """It has locked the room, and waits for more of a client that is gone: it would do so until its time-out."""
    storage = PostgresqlStorage(database)
    first = await draft(storage, 1)
    for _ in range(2):
        assert isinstance(await outcome(storage, first), Event)
    proxy.decide = cut = Cut(1, Fate.UNANSWERED)
    assert isinstance(await outcome(storage, first), Unavailable)
    assert cut.was_reached
    proxy.decide = lambda _sent: Fate.PASSED
    [kept_at_once] = await storage.archive.append([DraftGroup.of(first)], {}, 1_000)  # it does not wait for any lock
    assert isinstance(kept_at_once, tuple)


def wait_until_a_replica_is_waited_for(connection: psycopg.Connection, url: str, waits: str) -> None:
    """The setting is in force when PostgreSQL's checkpointer has read it: until then commits are answered at once."""
    with psycopg.connect(url, autocommit=True) as other, ThreadPoolExecutor(1) as thread:
        while True:
            commit = thread.submit(other.execute, "SELECT pg_logical_emit_message(true, 'is', 'waited for')")
            while not commit.done():
                if connection.execute(waits).fetchone() != (0,):
                    connection.execute("SELECT pg_cancel_backend(%s)", [other.info.backend_pid])
                    commit.result()
                    return


async def test_what_no_replica_has_confirmed_is_not_answered_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit that waits for a replica is neither ended, nor called kept, nor called not kept."""
    with postgresql() as server:
        server.make_database("shop")
        url = server.url("shop")
        storage = PostgresqlStorage(PostgresqlDatabase(PostgresqlSettings(url=url, lock_timeout_s=0.2)))
        async with storage.running():
            first = await draft(storage, 1)
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("SET synchronous_commit = local")
                connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
                connection.execute("SELECT pg_reload_conf()")
                waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
                wait_until_a_replica_is_waited_for(connection, url, waits)
                with monkeypatch.context() as hasty:
                    hasty.setattr("dialogue.adapters.sqlmodel.postgresql.transaction.COMMIT_S", 0.2)
                    hasty.setattr(commit_outcome, "PATIENCE_S", 0.5)
                    with pytest.raises(CommitUnknown):
                        await append(storage.archive, [first], 1_000)
                assert connection.execute(waits).fetchone() != (0,)
                assert kept(url) == []
                connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
                connection.execute("SELECT pg_reload_conf()")
                wait_until(lambda: connection.execute(waits).fetchone() == (0,), 60, "it still waits")
            assert kept(url) == [(1, 1)]
            assert isinstance(await outcome(storage, await draft(storage, 2)), Event)
