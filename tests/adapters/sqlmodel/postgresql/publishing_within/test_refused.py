"""What cannot be published in a transaction of the application's own, and how that is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import NullPool

from dialogue import DialogueApp
from dialogue.domain.errors import (
    DialogueError,
    EventNotAllowed,
    Forbidden,
    InvalidEvent,
    InvalidRequest,
    RoomNotFound,
)

from .....support.postgresql import PostgresqlServer
from .....support.shared_postgresql import database_with_tables
from ...postgresql_migrating import query
from .shop import anything, engine_of, kept, ordered, seen, shop

NO_META: Any = []


REFUSED: dict[str, tuple[type[DialogueError], Callable[[DialogueApp, Connection], object]]] = {
    "a room that is not there": (
        RoomNotFound,
        lambda app, connection: app.publish_within(connection, "gone", "nothing", 1, sender="ada"),
    ),
    "an event that is not the room's": (
        EventNotAllowed,
        lambda app, connection: app.publish_within(connection, "shop", "nothing", 1, sender="ada"),
    ),
    "a reserved name": (
        EventNotAllowed,
        lambda app, connection: app.publish_within(connection, "shop", "dialogue.redacted", 1, sender="ada"),
    ),
    "an event without history": (
        EventNotAllowed,
        lambda app, connection: app.publish_within(connection, "shop", seen, 1, sender="ada"),
    ),
    "what the schema does not take": (
        InvalidEvent,
        lambda app, connection: app.publish_within(connection, "shop", ordered, {"number": "x"}, sender="ada"),
    ),
    "too much": (
        InvalidEvent,
        lambda app, connection: app.publish_within(connection, "shop", anything, "x" * (2 << 20), sender="ada"),
    ),
    "no sender": (
        InvalidRequest,
        lambda app, connection: app.publish_within(connection, "shop", anything, 1, sender=""),
    ),
    "no key": (
        InvalidRequest,
        lambda app, connection: app.publish_within(connection, "shop", anything, 1, sender="ada", key=""),
    ),
    "meta that is none": (
        InvalidEvent,
        lambda app, connection: app.publish_within(connection, "shop", anything, 1, sender="ada", meta=NO_META),
    ),
}


async def test_what_python_refuses_leaves_the_transaction_as_it_is(dialogue: DialogueApp, engine: Engine) -> None:
    with engine.begin() as connection:
        for error, publish in REFUSED.values():
            with pytest.raises(error):
                publish(dialogue, connection)
        dialogue.publish_within(connection, "shop", ordered, {"number": 1}, sender="ada")
    assert await kept(dialogue) == [(1, 1)]


async def test_a_transaction_at_another_level_is_refused(dialogue: DialogueApp, async_engine: AsyncEngine) -> None:
    engine = async_engine.execution_options(isolation_level="REPEATABLE READ")
    async with engine.connect() as connection:
        with pytest.raises(InvalidRequest, match=r"within: .*must be at READ COMMITTED, not at REPEATABLE READ"):
            await dialogue.trigger("shop", ordered, {"number": 1}, sender="ada", within=connection)


async def test_a_connection_that_commits_by_itself_is_refused(
    dialogue: DialogueApp, engine: Engine, async_engine: AsyncEngine
) -> None:
    async with async_engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        with pytest.raises(InvalidRequest, match="within: is at AUTOCOMMIT"):
            await dialogue.trigger("shop", ordered, {"number": 1}, sender="ada", within=connection)
    by_itself = create_engine(engine.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with by_itself.connect() as other, pytest.raises(InvalidRequest, match="within: is at AUTOCOMMIT"):
        dialogue.publish_within(other, "shop", ordered, {"number": 1}, sender="ada")
    assert await kept(dialogue) == []


async def test_another_database_is_refused_be_it_one_of_dialogue_s_or_not(
    dialogue: DialogueApp, engine: Engine
) -> None:
    with database_with_tables() as copy:
        other = shop(copy)
        async with other.lifespan():
            pass
        there = engine_of(copy)
        with there.connect() as connection, pytest.raises(InvalidRequest, match="within: is not connected to this"):
            dialogue.publish_within(connection, "shop", ordered, {"number": 1}, sender="ada")
        with there.begin() as connection:
            assert other.publish_within(connection, "shop", ordered, {"number": 1}, sender="ada").seq == 1
    empty = create_engine(engine.url.set(database="postgres"), poolclass=NullPool)
    with empty.connect() as connection, pytest.raises(InvalidRequest, match="it has no function dialogue_publish"):
        dialogue.publish_within(connection, "shop", ordered, {"number": 1}, sender="ada")
    sqlite = create_engine("sqlite://")
    with sqlite.connect() as connection, pytest.raises(InvalidRequest, match="within: is connected to sqlite"):
        dialogue.publish_within(connection, "shop", ordered, {"number": 1}, sender="ada")
    sqlite.dispose()


async def test_a_database_that_was_made_anew_is_found_at_the_next_attempt(
    postgresql_server: PostgresqlServer, url: str, engine: Engine
) -> None:
    worker, name = shop(url), url.rpartition("/")[2]
    async with shop(url).lifespan():
        pass
    with engine.begin() as connection:
        worker.publish_within(connection, "shop", ordered, {"number": 1}, sender="ada")
    with database_with_tables() as copy:
        async with shop(copy).lifespan():
            pass
        query(postgresql_server.url(), f"DROP DATABASE {name} WITH (FORCE)")
        postgresql_server.make_database(name, copy.rpartition("/")[2])
    with engine.connect() as connection, pytest.raises(InvalidRequest, match="is not connected to this"):
        worker.publish_within(connection, "shop", ordered, {"number": 1}, sender="ada")
    with engine.begin() as connection:
        assert worker.publish_within(connection, "shop", ordered, {"number": 1}, sender="ada").seq == 1


async def test_what_is_no_connection_is_refused(
    dialogue: DialogueApp, engine: Engine, async_engine: AsyncEngine
) -> None:
    async with async_engine.connect() as connection:
        wrong: Any
        for wrong in (connection, engine, "postgresql://", None):
            with pytest.raises(InvalidRequest, match="within: must be a Connection or Session of SQLAlchemy"):
                dialogue.publish_within(wrong, "shop", ordered, {"number": 1}, sender="ada")
    with engine.connect() as other:
        for wrong in (other, async_engine, 1):
            with pytest.raises(InvalidRequest, match="within: must be an AsyncConnection or AsyncSession"):
                await dialogue.trigger("shop", ordered, {"number": 1}, sender="ada", within=wrong)


@pytest.mark.parametrize("database", ["memory://", "sqlite:///{folder}/chat.db"])
async def test_without_postgresql_it_is_refused_with_the_reason(
    database: str, engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    app = shop(database.format(folder=tmp_path_factory.mktemp("sqlite")))
    async with app.lifespan():
        with (
            engine.connect() as connection,
            pytest.raises(InvalidRequest, match="needs the history in PostgreSQL"),
        ):
            app.publish_within(connection, "shop", ordered, {"number": 1}, sender="ada")


@contextmanager
def role(engine: Engine) -> Iterator[str]:
    """A role that may log in, and nothing else."""
    name = f"clerk_{engine.url.database}"
    with engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN"))
    try:
        yield name
    finally:
        with engine.begin() as connection:
            connection.execute(text(f"DROP OWNED BY {name}"))
            connection.execute(text(f"DROP ROLE {name}"))


async def test_whoever_is_connected_needs_the_right_to_publish_and_no_other(
    dialogue: DialogueApp, engine: Engine
) -> None:
    with role(engine) as name:
        clerks = create_engine(engine.url.set(username=name), poolclass=NullPool)
        with clerks.connect() as connection, pytest.raises(Forbidden, match="GRANT EXECUTE ON FUNCTION"):
            dialogue.publish_within(connection, "shop", ordered, {"number": 1}, sender="ada")
        with engine.begin() as connection:
            connection.execute(text(f"GRANT EXECUTE ON FUNCTION dialogue_publish TO {name}"))
        with clerks.begin() as connection:
            assert dialogue.publish_within(connection, "shop", ordered, {"number": 1}, sender="ada").seq == 1
    assert await kept(dialogue) == [(1, 1)]


async def test_a_driver_that_hands_on_the_fields_of_an_answer_is_understood(
    dialogue: DialogueApp, engine: Engine
) -> None:
    """pg8000 does, which the tests do not have: so PostgreSQL's own answer is put into such an exception."""
    with engine.connect() as connection:

        @event.listens_for(connection.engine, "handle_error")
        def as_pg8000_has_it(context: ExceptionContext) -> None:
            answer: Any = context.original_exception
            context.sqlalchemy_exception.orig = Exception(  # type: ignore[union-attr]
                {"C": answer.diag.sqlstate, "M": answer.diag.message_primary, "W": "PL/pgSQL function"}
            )

        dialogue.publish_within(connection, "shop", ordered, {"number": 1}, sender="ada", key="k")
        with pytest.raises(InvalidRequest, match=r"key: was used for another event, or other data, before$"):
            dialogue.publish_within(connection, "shop", ordered, {"number": 2}, sender="ada", key="k")
