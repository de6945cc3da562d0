"""A batch is one transaction in a few messages to the server; each costs both sides as much as some events."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from dialogue.adapters.sqlmodel.postgresql.append_batch import COPIED_FROM
from dialogue.adapters.sqlmodel.postgresql.database import PostgresqlDatabase
from dialogue.adapters.sqlmodel.postgresql.storage import PostgresqlStorage
from dialogue.domain.draft import Draft
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.event import Event
from dialogue.domain.idempotency_key import IdempotencyKey

from ....support.cutting_proxy import CuttingProxy, Fate

pytestmark = pytest.mark.anyio

SPOKEN = re.compile(rb"(BEGIN|COPY|COMMIT)\b")


async def drafts(storage: PostgresqlStorage, count: int, rooms: int) -> list[Draft]:
    """So many, over so many rooms."""
    epochs = {f"room-{number}": "" for number in range(rooms)}
    for room_id in epochs:
        epochs[room_id] = (await storage.archive.open(room_id)).epoch
    places = [*epochs.items()] * (count // rooms + 1)
    return [Draft(room_id=id_, epoch=epoch, name="n", payload=b"1", sender="a") for id_, epoch in places[:count]]


async def said(storage: PostgresqlStorage, groups: Sequence[DraftGroup], proxy: CuttingProxy) -> list[str]:
    """What is sent, message by message, to keep these, when the like was kept before: a word of each."""
    sent: list[str] = []

    def hear(message: bytes) -> Fate:
        found = SPOKEN.search(message)
        sent.append("" if found is None else found[1].decode())
        return Fate.PASSED

    proxy.decide = hear
    outcomes = await storage.archive.append(groups, {}, 1)
    proxy.decide = lambda _sent: Fate.PASSED
    assert all(isinstance(event, Event) for kept in outcomes if isinstance(kept, tuple) for event in kept)
    return sent


@pytest.mark.parametrize(("count", "rooms"), [(1, 1), (40, 20)])
async def test_a_batch_takes_four_round_trips(
    database: PostgresqlDatabase, proxy: CuttingProxy, count: int, rooms: int
) -> None:
    """It begins, locks, writes all with its signature, and commits."""
    storage = PostgresqlStorage(database)
    groups = [DraftGroup.of(draft) for draft in await drafts(storage, count, rooms)]
    for _ in range(3):
        await said(storage, groups, proxy)  # statements are prepared, and heads remembered
    assert await said(storage, groups, proxy) == ["BEGIN", "", "", "COMMIT"]


async def test_a_large_one_is_copied_in_with_one_more(database: PostgresqlDatabase, proxy: CuttingProxy) -> None:
    """Its rows go along with the COPY."""
    storage = PostgresqlStorage(database)
    groups = [DraftGroup.of(draft) for draft in await drafts(storage, COPIED_FROM, 20)]
    for _ in range(3):
        await said(storage, groups, proxy)
    assert await said(storage, groups, proxy) == ["BEGIN", "", "COPY", "", "COMMIT"]


async def test_keys_are_asked_for_with_one_more(database: PostgresqlDatabase, proxy: CuttingProxy) -> None:
    storage = PostgresqlStorage(database)
    [draft] = await drafts(storage, 1, 1)
    found: list[str] = []
    for number in range(4):
        key = IdempotencyKey(text=f"key {number}", digest=b"1")
        found = await said(storage, [DraftGroup.of(draft, key=key)], proxy)
    assert found == ["BEGIN", "", "", "", "COMMIT"]
