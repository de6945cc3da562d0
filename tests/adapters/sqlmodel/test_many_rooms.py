"""Rooms that were made and deleted leave nothing behind but what is said of them: `MANY_ROOMS`, or a thousand."""

from __future__ import annotations

import os
from pathlib import Path

from dialogue.adapters.sqlmodel.sqlite.database import SqliteDatabase
from dialogue.adapters.sqlmodel.sqlite.storage import SqliteStorage
from dialogue.domain.draft import Draft
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.idempotency_key import IdempotencyKey
from dialogue.domain.ports.room_store import StoredRoom

from .seed import query

ROOMS = int(os.environ.get("MANY_ROOMS") or 1_000)
REMEMBERED = ROOMS // 10
KEY_TTL_MS = 1_000
A_SWEEP = 500
KEY = IdempotencyKey.of("key", "message", "kept", None)


async def test_many_rooms_made_and_deleted_leave_their_epochs_and_heads_alone(path: Path) -> None:
    """Each had a member's mark, an event and its key; of the last tenth, as the bound says, the head is known."""
    database = SqliteDatabase(f"sqlite:///{path}", synchronous="OFF")
    await database.open()
    storage = SqliteStorage(database, KEY_TTL_MS / 1_000, REMEMBERED)
    for number in range(ROOMS):
        room_id = f"room-{number:05}"
        await storage.rooms.create(StoredRoom(id=room_id, name="Room"))
        epoch = (await storage.archive.open(room_id)).epoch
        draft = Draft(room_id=room_id, epoch=epoch, name="message", payload=b'"kept"', sender="ada")
        await storage.archive.append([DraftGroup.of(draft, key=KEY)], {}, 1)
        await storage.read_marks.mark("ada", room_id, 1)
        await storage.rooms.delete(room_id)
    sweeps = 0
    while await storage.archive.sweep(A_SWEEP, 2 * KEY_TTL_MS):
        sweeps += 1
    assert sweeps > 2 * ROOMS / A_SWEEP
    assert (await storage.archive.open(f"room-{ROOMS - 1:05}")).head == 1
    await database.close()
    assert query(path, "SELECT count(*), min(room_id), max(definition) FROM dialogue_rooms") == [
        (REMEMBERED, f"room-{ROOMS - REMEMBERED:05}", None)
    ]
    for table in ("messages", "dialogue_streams", "dialogue_keys", "dialogue_read_marks"):
        assert query(path, f"SELECT count(*) FROM {table}") == [(0,)], table
