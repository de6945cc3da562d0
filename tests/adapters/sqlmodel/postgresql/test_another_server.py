"""A server that may have lost the end of the history does not pass for the same life."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import psycopg
import pytest

from dialogue import History, RoomConfig, create_dialogue, define_event
from dialogue.adapters.sqlmodel.epochs import new_epochs
from dialogue.adapters.sqlmodel.postgresql.database import PostgresqlDatabase
from dialogue.adapters.sqlmodel.postgresql.engine import PostgresqlSettings
from dialogue.adapters.sqlmodel.postgresql.storage import PostgresqlStorage
from dialogue.domain.draft import Draft
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.errors import ConfigurationError, RoomNotFound, Unavailable
from dialogue.domain.event import Event
from dialogue.domain.idempotency_key import IdempotencyKey
from dialogue.domain.outcome import Outcome, Repeat
from dialogue.domain.page import PageLimit

from ....support.appending import append
from ....support.child_folder import open_folder
from ....support.cutting_proxy import CuttingProxy, cutting_proxy
from ....support.patience import wait_until
from ....support.postgresql import PostgresqlServer, postgresql, replica_of

OTHER = "00000009"
"""A timeline."""

pytestmark = pytest.mark.anyio


@pytest.fixture
def primary() -> Iterator[PostgresqlServer]:
    with postgresql() as server:
        server.make_database("shop")
        yield server


@pytest.fixture
async def proxy(primary: PostgresqlServer) -> AsyncIterator[CuttingProxy]:
    async with cutting_proxy(primary.port) as proxy:
        yield proxy


def storage(port: int, *, is_synchronous: bool = False) -> PostgresqlStorage:
    return of(f"postgresql://dialogue@127.0.0.1:{port}/shop", is_synchronous=is_synchronous)


def of(url: str, *, is_synchronous: bool = False) -> PostgresqlStorage:
    return PostgresqlStorage(
        PostgresqlDatabase(PostgresqlSettings(url=url, is_replication_synchronous=is_synchronous, patience_s=20))
    )


async def epoch(storage: PostgresqlStorage) -> str:
    return (await storage.archive.open("room")).epoch


async def publish(storage: PostgresqlStorage, payload: bytes, epoch: str) -> Outcome:
    [outcome] = await append(
        storage.archive, [Draft(room_id="room", epoch=epoch, name="note", payload=payload, sender="ada")], 1
    )
    return outcome


async def kept(storage: PostgresqlStorage) -> list[tuple[int | None, bytes]]:
    return [(each.seq, each.payload) for each in await storage.source.newer("room", None, 0, PageLimit(events=9))]


def count(server: PostgresqlServer) -> int:
    with psycopg.connect(server.url("shop")) as connection:
        found = connection.execute("SELECT count(*) FROM messages").fetchone()
    assert found is not None
    return int(found[0])


def cut_off(replica: PostgresqlServer) -> None:
    """Let it follow no more, so that it misses what comes now."""
    with psycopg.connect(replica.url(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET primary_conninfo = ''")
        connection.execute("SELECT pg_reload_conf()")
        receivers = "SELECT count(*) FROM pg_stat_wal_receiver"
        wait_until(lambda: connection.execute(receivers).fetchone() == (0,), 20, "it still follows")


def promote(replica: PostgresqlServer) -> None:
    with psycopg.connect(replica.url(), autocommit=True) as connection:
        assert connection.execute("SELECT pg_promote()").fetchone() == (True,)


@pytest.mark.parametrize("is_synchronous", [False, True])
async def test_a_promoted_replica_that_lost_its_tail_begins_new_epochs(
    is_synchronous: bool, primary: PostgresqlServer, proxy: CuttingProxy
) -> None:
    """Once, whichever of the nodes comes first; unless a setting says that a replica has all that was answered for."""
    nodes = [storage(proxy.port, is_synchronous=is_synchronous) for _ in range(2)]
    async with AsyncExitStack() as running:
        for node in nodes:
            await running.enter_async_context(node.running())
        first = await epoch(nodes[0])
        with replica_of(primary) as replica:
            await publish(nodes[0], b"1", first)
            wait_until(lambda: count(replica) == 1, 20, "the replica does not follow")
            cut_off(replica)
            await publish(nodes[0], b"2", first)
            primary.kill()
            proxy.server_port = replica.port
            proxy.cut()
            with pytest.raises(Unavailable, match="standby"):
                await epoch(nodes[0])
            promote(replica)
            epochs = {await epoch(node) for node in nodes}
            assert len(epochs) == 1
            assert (epochs == {first}) is is_synchronous
            assert await kept(nodes[0]) == [(1, b"1")]
            [present] = epochs
            await publish(nodes[1], b"3", present)
            assert await kept(nodes[0]) == [(1, b"1"), (2, b"3")]
            assert await epoch(nodes[0]) == present


async def test_where_connections_stay_the_next_transaction_notices_it(url: str) -> None:
    """As behind a proxy that changes servers by itself; here the node is made to think that it was another one."""
    node = of(url)
    async with node.running():
        first = await epoch(node)
        await publish(node, b"1", first)
        _let_it_be_another_one(node, url)
        assert isinstance(await publish(node, b"2", first), RoomNotFound)  # as of another life
        assert await epoch(node) != first
        assert await kept(node) == [(1, b"1")]


async def test_a_repeat_notices_it_too_for_which_nothing_is_written(url: str) -> None:
    """It would be answered with a place of a history that is not the one that was seen."""
    node = of(url)
    async with node.running():
        first = await epoch(node)
        draft = Draft(room_id="room", epoch=first, name="note", payload=b"1", sender="ada")
        keyed = DraftGroup.of(draft, key=IdempotencyKey(text="order 1", digest=b"1"))
        assert [
            type(each) for each in [*await append(node.archive, [keyed]), *await append(node.archive, [keyed])]
        ] == [
            Event,
            Repeat,
        ]
        _let_it_be_another_one(node, url)
        assert isinstance((await append(node.archive, [keyed]))[0], RoomNotFound)


def _let_it_be_another_one(node: PostgresqlStorage, url: str) -> None:
    """Make the node, and its database, think that the server was another one until now."""
    server = node._database._ensure_open()._server
    assert server.known is not None
    server.known = server.known._replace(timeline=OTHER)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"UPDATE dialogue_server SET timeline = '{OTHER}'")


async def test_a_running_node_begins_its_rooms_anew(url: str) -> None:
    """Whoever publishes at that moment is refused, as after any other loss; then everything goes on.

    Where a poll is quicker than the publisher's batch, the life in which he published is over by then: RoomNotFound.
    """
    note = define_event("note", history=History(limit=5))
    app = create_dialogue(database=url, rooms={"room": RoomConfig(name="Room", events=[note])})
    async with app.lifespan():
        await app.trigger("room", note, 1, sender="ada")
        before = await app.room("room").position()
        server = app.container.postgresql_database()._ensure_open()._server
        assert server.known is not None
        server.known = server.known._replace(timeline=OTHER)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"UPDATE dialogue_server SET timeline = '{OTHER}'")
        with pytest.raises((Unavailable, RoomNotFound), match=r"begins anew|no room"):
            await app.trigger("room", note, 2, sender="ada")
        await app.trigger("room", note, 3, sender="ada")
        after = await app.room("room").position()
        assert (before.epoch == after.epoch, after.seq) == (False, 2)
        assert [event.data for event in await app.room("room").history(note)] == [3, 1]


async def test_a_dump_that_was_restored_on_another_cluster_begins_new_epochs(url: str) -> None:
    """On the same one nothing tells of it, and `doctor --new-epochs` is a step of every restore."""
    async with (node := of(url)).running():
        first = await epoch(node)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE dialogue_server SET system_identifier = '1'")
    async with (node := of(url)).running():
        second = await epoch(node)
    async with (node := of(url)).running():
        assert first != second == await epoch(node)


async def test_a_dump_can_be_restored_and_goes_on(url: str, postgresql_server: PostgresqlServer) -> None:
    """While nodes run over what is dumped; with what had been kept, and in new epochs after `doctor --new-epochs`."""
    async with (node := of(url)).running():
        first = await epoch(node)
        await publish(node, b"1", first)
        with open_folder("dump") as folder, postgresql_server.database() as other:
            folder.chmod(0o777)
            postgresql_server.dump(url.rpartition("/")[2], folder / "dump")
            postgresql_server.restore(folder / "dump", other.rpartition("/")[2])
            await publish(node, b"2", first)
            database = PostgresqlDatabase(PostgresqlSettings(url=other))
            assert await database.repair(new_epochs) == 1
            async with (restored := of(other)).running():
                second = await epoch(restored)
                assert second != first
                assert await kept(restored) == [(1, b"1")]
                await publish(restored, b"3", second)
                assert await kept(restored) == [(1, b"1"), (2, b"3")]


async def test_a_standby_is_refused_at_the_start(primary: PostgresqlServer) -> None:
    async with storage(primary.port).running():
        pass
    with replica_of(primary) as replica, pytest.raises(ConfigurationError, match="standby"):
        async with storage(replica.port).running():
            pass
