"""Two nodes publish while backends are ended at drawn moments: nothing answered is lost, nothing is there twice."""

from __future__ import annotations

from random import Random

import psycopg
import pytest
from anyio import create_task_group, to_thread
from anyio.lowlevel import checkpoint

from dialogue.adapters.sqlmodel.postgresql.storage import PostgresqlStorage
from dialogue.domain.draft import Draft
from dialogue.domain.errors import Unavailable
from dialogue.domain.event import Event

from ....support.appending import append

pytestmark = pytest.mark.anyio

ROUNDS = 25
WRITERS = 6
ROOMS = ("a", "b", "c")
END_SOME = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'dialogue server%' AND random() < 0.5
"""


class Writer:
    """Publishes numbers, one after the other, and remembers what it was told of each."""

    def __init__(self, storage: PostgresqlStorage, room_id: str, first: int) -> None:
        self.answered: dict[int, int | None] = {}
        self.refused: set[int] = set()
        self._storage = storage
        self._room_id = room_id
        self._first = first
        self.is_stopping = False

    async def run(self) -> None:
        number = self._first
        epoch = await self._epoch()
        while not self.is_stopping:
            number += 1
            draft = Draft(room_id=self._room_id, epoch=epoch, name="note", payload=b"%d" % number, sender="ada")
            try:
                [outcome] = await append(self._storage.archive, [draft], 1_000)
            except Unavailable:
                self.refused.add(number)
                continue
            assert isinstance(outcome, Event)
            self.answered[number] = outcome.seq

    async def _epoch(self) -> str:
        while True:
            try:
                return (await self._storage.archive.open(self._room_id)).epoch
            except Unavailable:
                continue


async def test_what_is_answered_is_there_once_and_what_is_refused_is_not(
    nodes: list[PostgresqlStorage], url: str
) -> None:
    random = Random(7)
    writers = [Writer(nodes[number % 2], ROOMS[number % len(ROOMS)], number * 1_000_000) for number in range(WRITERS)]
    ended = 0
    with psycopg.connect(url, autocommit=True) as connection:
        async with create_task_group() as tasks:
            for writer in writers:
                tasks.start_soon(writer.run)
            for _ in range(ROUNDS):
                await _answers(writers, random.randint(1, 20))
                ended += len((await to_thread.run_sync(connection.execute, END_SOME)).fetchall())
            await _answers(writers, 10)
            for writer in writers:
                writer.is_stopping = True
        rows = connection.execute("SELECT room_id, seq, event_seq, event_data FROM messages ORDER BY 1, 2").fetchall()
        heads: dict[str, int] = dict(connection.execute("SELECT room_id, head FROM dialogue_rooms").fetchall())
    kept = {number: (room_id, seq) for room_id, seq, _, number in rows}
    assert len(kept) == len(rows)
    for number, writer in enumerate(writers):
        room_id = ROOMS[number % len(ROOMS)]
        assert {each: kept.get(each) for each in writer.answered} == {
            each: (room_id, seq) for each, seq in writer.answered.items()
        }
        assert not writer.refused & kept.keys()
    assert len(rows) == sum(len(writer.answered) for writer in writers)
    for room_id in ROOMS:
        of_room = [(seq, event_seq) for each, seq, event_seq, _ in rows if each == room_id]
        assert of_room == [(place, place) for place in range(1, heads[room_id] + 1)]
    assert ended >= ROUNDS
    assert any(writer.refused for writer in writers)


async def _answers(writers: list[Writer], count: int) -> None:
    """Wait until so many more are answered."""
    wanted = sum(len(writer.answered) for writer in writers) + count
    while sum(len(writer.answered) for writer in writers) < wanted:
        await checkpoint()
