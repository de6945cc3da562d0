"""The command line, and a server, over PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
from anyio import to_thread

from ..support.postgresql import PostgresqlServer
from ..support.server_process import ServerProcess
from ..support.wire_client import connected
from .command import Here


@pytest.fixture
def url(postgresql_server: PostgresqlServer) -> Iterator[str]:
    """An empty database; its user needs no password, and the address has one."""
    with postgresql_server.database() as url:
        yield url.replace("dialogue@", "dialogue:secret@")


def test_migrate_makes_the_tables_and_may_be_repeated(here: Here, url: str) -> None:
    for _ in range(2):
        ended = here.run("migrate", "--database", url)
        assert ended.code == 0, ended
        assert "up to date" in ended.errors
        assert "secret" not in ended.errors
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM messages").fetchone() == (0,)


def test_doctor_gives_new_epochs_and_mends_times(here: Here, url: str) -> None:
    assert here.run("migrate", "--database", url).code == 0
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO dialogue_rooms (room_id, epoch, head, floor, swept, last_timestamp) "
            "SELECT 'room ' || n, 'old', 0, 0, 0, 9000000000000 FROM generate_series(1, 3) AS n"
        )
        ended = here.run(
            "doctor", "--new-epochs", "--mend-times", "--database", url.replace("postgresql:", "postgres:")
        )
        assert "3 rooms have new epochs" in ended.errors
        assert "3 rooms had times in the future, and are mended" in ended.errors
        assert "secret" not in ended.errors
        found = "SELECT count(DISTINCT epoch), min(length(epoch)), max(last_timestamp) FROM dialogue_rooms"
        assert connection.execute(found).fetchone() == (3, 16, 0)


def test_a_database_that_is_not_there_is_told_in_one_line(here: Here, url: str) -> None:
    said = here.run("serve", "--port", "0", "--database", url + "x").complaint
    assert "cannot be used: there is no such database" in said
    assert "secret" not in said


def test_a_bus_and_several_nodes_are_for_postgresql(here: Here) -> None:
    assert "postgresql" in here.run("serve", "--port", "0", "--bus", "postgres").complaint


async def test_a_server_over_it_keeps_the_history_beyond_its_end(
    new_server: Callable[..., ServerProcess], url: str
) -> None:
    server = new_server(database=url)
    async with connected(server.ws, "ada") as ada:
        joined = await ada.join("hall")
        assert await ada.publish("hall", 3) == [1, 2, 3]
        await ada.ask("createRoom", room={"id": "mine", "name": "Mine"})
    assert "history in postgresql://dialogue@" in server.log
    assert "secret" not in server.log
    await to_thread.run_sync(server.kill)
    await to_thread.run_sync(server.start)
    async with connected(server.ws, "bob") as bob:
        again = await bob.join("hall", since={**joined["position"], "seq": 1})
        assert again["recovered"] is True
        assert await bob.publish("hall", 1) == [4]
        await bob.join("mine")
