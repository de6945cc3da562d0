"""What was the seed's goes on as ours, also where the takeover came through a proxy."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from dialogue.adapters.sqlmodel.postgresql.database import PostgresqlDatabase
from dialogue.adapters.sqlmodel.postgresql.engine import PostgresqlSettings
from dialogue.adapters.sqlmodel.postgresql.storage import PostgresqlStorage
from dialogue.domain.draft import Draft
from dialogue.domain.errors import ConfigurationError
from dialogue.domain.page import PageLimit
from dialogue.domain.position import StreamHead

from ....support.appending import append
from ....support.pgbouncer import needs_pgbouncer
from ....support.postgresql import PostgresqlServer
from ....support.shared_postgresql import shared_pgbouncer
from ..postgresql_seed import make_seed
from ..seed import Row


@pytest.fixture
def url(postgresql_server: PostgresqlServer) -> Iterator[str]:
    """A database of the seed's."""
    with postgresql_server.database() as url:
        make_seed(url, [Row(timestamp=5), Row(timestamp=9, event_name="typing"), Row(timestamp=7)])
        yield url


async def goes_on(url: str) -> None:
    storage = PostgresqlStorage(PostgresqlDatabase(PostgresqlSettings(url=url)))
    async with storage.running():
        head = await storage.archive.open("general")
        assert (head.head, head.floor, head.last_timestamp_ms) == (3, 0, 9)
        assert head.streams == {"message": StreamHead(head=2), "typing": StreamHead(head=1)}
        draft = Draft(room_id="general", epoch=head.epoch, name="message", payload=b'{"text":"new"}', sender="eve")
        [new] = await append(storage.archive, [draft], 1)
        events = await storage.source.older("general", None, 100, PageLimit())
    assert [(event.seq, event.event_seq, event.timestamp_ms) for event in events] == [
        (4, 3, 9),
        (3, 1, 9),
        (2, 2, 7),
        (1, 1, 5),
    ]
    assert events[0] == new
    assert events[-1].data == {"text": "hi"}


async def test_a_room_goes_on(url: str) -> None:
    await goes_on(url)


@needs_pgbouncer
async def test_a_room_goes_on_behind_a_proxy(url: str, postgresql_server: PostgresqlServer) -> None:
    await goes_on(url.replace(f":{postgresql_server.port}/", f":{shared_pgbouncer()}/"))


async def test_who_may_not_change_the_table_is_told_so(url: str, postgresql_server: PostgresqlServer) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE ROLE reader LOGIN; GRANT SELECT ON messages TO reader")
    database = PostgresqlDatabase(PostgresqlSettings(url=url.replace("//dialogue@", "//reader@")))
    with pytest.raises(ConfigurationError, match="this user may not do that"):
        await database.migrate()
