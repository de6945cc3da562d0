"""A page takes no more memory than its size, and holds up nobody, whatever JSONB makes of its events."""

from __future__ import annotations

import json
import random
import tracemalloc
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from dialogue.adapters.sqlmodel.postgresql.storage import PostgresqlStorage
from dialogue.domain.event import Event
from dialogue.domain.page import PageLimit

NUMBERS = random.Random(7)
FILL = """
    INSERT INTO messages (room_id, event_name, event_data, from_user, timestamp, seq, event_seq)
    SELECT 'general', 'm' || n %% 2, %s, 'u', n, n, (n + 1) / 2 FROM generate_series(1, %s) AS n
"""
BEGIN = """
    INSERT INTO dialogue_rooms (room_id, epoch, head, floor, swept, last_timestamp) VALUES ('general', 'e', %s, 0, 0, 0)
"""
STREAMS = "INSERT INTO dialogue_streams VALUES ('general', 'm0', %(n)s / 2, 0, 0), ('general', 'm1', %(n)s / 2, 0, 0)"
PAYLOADS: dict[str, Any] = {
    "of one letter": "x" * 65_000,
    "of any letters": NUMBERS.randbytes(32_000).hex(),
    "of huge numbers": [1e300] * 9_999,
    "of tiny numbers": [5e-324] * 9_999,
}
Read = Callable[[PostgresqlStorage, PageLimit], Any]
READS: dict[str, Read] = {
    "all": lambda storage, limit: storage.source.older("general", None, 1_000, limit),
    "one": lambda storage, limit: storage.source.older("general", ["m0"], 1_000, limit),
    "several": lambda storage, limit: storage.source.newer("general", ["m0", "m1", "m2"], 0, limit),
    "between": lambda storage, limit: storage.source.between("general", "m1", 1, 1_000, limit.size),
}


def fill(url: str, payload: Any, count: int = 100) -> None:
    """Keep so many events with that payload."""
    with psycopg.connect(url) as connection:
        connection.execute(FILL, [json.dumps(payload), count])
        connection.execute(BEGIN, [count])
        connection.execute(STREAMS, {"n": count})


@pytest.mark.parametrize(
    ("payload", "read"),
    [
        *[(payload, READS["all"]) for payload in PAYLOADS.values()],
        *[(PAYLOADS["of huge numbers"], r) for r in READS.values()],
    ],
)
async def test_a_page_takes_no_more_memory_than_its_size(
    storage: PostgresqlStorage, url: str, payload: Any, read: Read
) -> None:
    """A hundred events of these would be 6 MB, or 300 MB as JSONB spells them."""
    fill(url, payload)
    tracemalloc.start()
    try:
        events: list[Event] = await read(storage, PageLimit(events=100, size=200 << 10))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(events) == (200 << 10) // len(events[0].payload)
    assert all(event.data == payload for event in events)
    assert peak < 48 << 20


@pytest.mark.parametrize("size", [1 << 20, 100 << 20])
@pytest.mark.parametrize("read", READS.values(), ids=READS)
async def test_a_page_of_several_statements_is_one_run(
    storage: PostgresqlStorage, url: str, read: Read, size: int
) -> None:
    fill(url, PAYLOADS["of any letters"])
    events: list[Event] = await read(storage, PageLimit(events=60, size=size))
    assert len(events) == min(size // len(events[0].payload), 50 if events[0].name == events[1].name else 60)
    places = [event.place for event in events]
    step = places[1] - places[0]
    assert places == list(range(places[0], places[0] + step * len(places), step))
