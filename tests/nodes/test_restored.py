"""A database that is put back, or emptied, under running nodes: rooms begin new lives, and clients start over."""

from __future__ import annotations

from collections.abc import AsyncIterator

import psycopg
import pytest
from anyio import fail_after

from dialogue import DialogueApp, RoomConfig, create_dialogue
from dialogue.domain.errors import DialogueError

from ..support.shared_postgresql import database_with_tables
from .test_on_postgresql import Member, message

pytestmark = pytest.mark.anyio

TABLES = ("messages", "dialogue_rooms", "dialogue_streams", "dialogue_keys")
BACK_UP = "; ".join(f"CREATE TABLE kept_{table} AS TABLE {table}" for table in TABLES)
EMPTY = f"TRUNCATE {', '.join(TABLES)}"
RESTORE = "; ".join([EMPTY, *(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE TABLE kept_{table}" for table in TABLES)])


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """A database."""
    with database_with_tables() as url:
        yield url


@pytest.fixture
async def apps(url: str) -> AsyncIterator[list[DialogueApp]]:
    """Two applications over it."""
    rooms = {"room": RoomConfig(name="Room", events=[message]), "quiet": RoomConfig(name="Quiet", events=[message])}
    made = [create_dialogue(database=url, rooms=rooms) for _ in range(2)]
    async with made[0].lifespan(), made[1].lifespan():
        yield made


@pytest.mark.parametrize("what_happens", [RESTORE, EMPTY], ids=["restored", "emptied"])
async def test_what_went_back_under_running_nodes_begins_new_lives(
    apps: list[DialogueApp], url: str, what_happens: str
) -> None:
    """Also in a room that nobody publishes in."""
    for room_id in ("room", "quiet"):
        await publish(apps[0], room_id, 3)
    with psycopg.connect(url) as connection:
        connection.execute(BACK_UP)
    for room_id in ("room", "quiet"):
        await publish(apps[1], room_id, 3)
    members = [(Member(app, f"user-{room_id}"), room_id) for app in apps for room_id in ("room", "quiet")]
    before = {}
    for member, room_id in members:
        await member.join(room_id)
        before[room_id] = await member.app.room(room_id).position()
    with psycopg.connect(url) as connection:
        connection.execute(what_happens)
    await publish(apps[0], "room", 1)
    with fail_after(30):
        for member, _ in members:
            while not member.session.outbox.is_closed:
                await member.app.container.poll().learn()
    for app in apps:
        for room_id, since in before.items():
            back = Member(app, "back")
            joined = await app.container.join()(back.session, room_id, since=since)
            assert joined.recovered is False
            assert joined.position.epoch != since.epoch
    assert (await apps[0].room("room").position()).epoch == (await apps[1].room("room").position()).epoch
    [newest, *_] = await apps[1].room("room").history(message)
    assert newest.data == "0 of 1"


async def publish(app: DialogueApp, room_id: str, count: int) -> None:
    """Publish so many; what is refused is sent again, as a client does."""
    with fail_after(30):
        for number in range(count):
            while True:
                try:
                    await app.trigger(room_id, message, f"{number} of {count}", sender="eve")
                    break
                except DialogueError:
                    continue
