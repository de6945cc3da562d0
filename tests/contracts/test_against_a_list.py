"""Every storage against a plain list, over any sequence of batches, deletions and sweeps."""

from __future__ import annotations

from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialogue.domain.event import Event
from dialogue.domain.page import PageLimit

from .storage import Storage

NAMES = ["message", "typing", "rare"]
ROOM_NUMBERS = count()

batches = st.tuples(
    st.integers(0, 20),  # the clock
    st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 30)), max_size=8),  # names and lengths of texts
)
steps = st.one_of(batches, st.just("delete"), st.tuples(st.just("sweep"), st.integers(1, 5)))
limits = st.builds(PageLimit, events=st.integers(0, 10), size=st.integers(1, 150))
filters = st.none() | st.lists(st.sampled_from([*NAMES, "nothing"]), min_size=1, max_size=4)
bounds = st.integers(-1, 30)


class Model:
    """A room as a list of all events that can be read."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def named(self, names: list[str] | None) -> list[Event]:
        return [event for event in self.events if names is None or event.name in names]

    def older(self, names: list[str] | None, before: int, limit: PageLimit) -> list[Event]:
        return cut([event for event in self.named(names)[::-1] if event.place < before], limit)

    def newer(self, names: list[str] | None, after: int, limit: PageLimit) -> list[Event]:
        return cut([event for event in self.named(names) if event.place > after], limit)

    def between(self, name: str, first: int, last: int, size: int) -> list[Event]:
        found = [event for event in self.named([name])[::-1] if first <= event.stream_place <= last]
        return cut(found, PageLimit(events=1_000, size=size))

    def seq_at(self, timestamp_ms: int) -> int | None:
        return next((event.seq for event in self.events if event.timestamp_ms >= timestamp_ms), None)


def cut(events: list[Event], limit: PageLimit) -> list[Event]:
    events = events[: limit.events]
    while len(events) > 1 and sum(len(event.payload) for event in events) > limit.size:
        events.pop()
    return events


async def run(storage: Storage, room_id: str, script: list[Any]) -> Model:
    model = Model()
    for step in script:
        match step:
            case "delete":
                await storage.rooms.delete(room_id)
                model.events.clear()
            case ("sweep", int(limit)):
                await storage.archive.sweep(limit, 1_000)
            case (now_ms, names):
                drafts = [await storage.draft(room_id, name, b'"%s"' % (b"x" * length)) for name, length in names]
                model.events += await storage.append(drafts, now_ms)
    return model


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    script=st.lists(steps, max_size=8),
    questions=st.lists(st.tuples(filters, bounds, bounds, limits), min_size=5, max_size=5),
)
async def test_every_read_gives_what_a_plain_list_would(
    storage: Storage, script: list[Any], questions: list[tuple[list[str] | None, int, int, PageLimit]]
) -> None:
    room_id = f"room-{next(ROOM_NUMBERS)}"
    model = await run(storage, room_id, script)
    for names, bound, other, limit in questions:
        assert await storage.source.older(room_id, names, bound, limit) == model.older(names, bound, limit)
        assert await storage.source.newer(room_id, names, bound, limit) == model.newer(names, bound, limit)
        between = await storage.source.between(room_id, "message", bound, other, limit.size)
        assert between == model.between("message", bound, other, limit.size)
        assert await storage.source.seq_at(room_id, bound) == model.seq_at(bound)
