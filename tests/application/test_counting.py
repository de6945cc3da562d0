"""What is counted beside the metrics of a whole server: notices that come back, and reads that fail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from dialogue.adapters.memory.history_source import MemoryHistorySource
from dialogue.adapters.memory.store import MemoryStore
from dialogue.application.nodes.own_notices import OwnNotices
from dialogue.application.ports.metrics import ArchiveCall, Uncounted
from dialogue.application.reading.counted_source import CountedSource
from dialogue.domain.errors import Unavailable
from dialogue.domain.event import Event
from dialogue.domain.page import PageLimit


class Told(Uncounted):
    """`Metrics` that remember what they were told."""

    def __init__(self) -> None:
        self.failures: list[ArchiveCall] = []
        self.delays: list[float] = []

    def failed(self, call: ArchiveCall) -> None:
        self.failures.append(call)

    def returned(self, delay_s: float) -> None:
        self.delays.append(delay_s)


def test_one_notice_at_a_time_is_timed_until_it_has_come_back() -> None:
    told = Told()
    own = OwnNotices("here", told)
    assert [own.next_number() for _ in range(3)] == [1, 2, 3]
    own.came_back(2)
    own.came_back(3)
    assert told.delays == []
    own.came_back(1)
    own.came_back(1)
    assert len(told.delays) == 1
    assert 0 <= told.delays[0] < 60
    own.came_back(own.next_number())
    assert len(told.delays) == 2


class Broken(MemoryHistorySource):
    async def older(self, *_: object) -> list[Event]:
        raise Unavailable("the disk is gone")

    async def seq_at(self, *_: object) -> int | None:
        raise RuntimeError("nobody knows")


@pytest.mark.parametrize(
    ("read", "failure"),
    [
        (lambda source: source.older("room", None, 1, PageLimit()), Unavailable),
        (lambda source: source.seq_at("room", 1), RuntimeError),
    ],
)
async def test_a_read_that_fails_is_counted_and_fails_all_the_same(
    read: Callable[[CountedSource], Awaitable[object]], failure: type[Exception]
) -> None:
    told = Told()
    source = CountedSource(Broken(MemoryStore()), told)
    with pytest.raises(failure):
        await read(source)
    assert told.failures == ["read"]
    assert await source.newer("room", None, 0, PageLimit()) == []
    assert await source.between("room", "name", 1, 2, 100) == []
    assert told.failures == ["read"]
