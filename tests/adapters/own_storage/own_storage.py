"""An application's own storage: a list for each stream, with the faults that a test wants."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio import Event as Signal

from dialogue import Event


class OwnStorage:
    """What `on_cleanup` gave, oldest first; `on_load` gives it back with places, or without as the ancestor's does."""

    def __init__(self, *, with_places: bool = False) -> None:
        self.kept: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        self.loads: list[tuple[str, int, int]] = []
        self.failures = 0
        self.gate: Signal | None = None
        self.waiting = Signal()
        self.inside = 0
        self._with_places = with_places

    async def on_cleanup(self, room_id: str, event_name: str, events: list[Event]) -> None:
        async with self._alone():
            if self.failures:
                self.failures -= 1
                raise RuntimeError("the storage is away")
            for event in events:
                row = {"data": event.data, "from": event.sender, "timestamp": event.timestamp_ms}
                if self._with_places:
                    row |= {"seq": event.seq, "epoch": event.epoch}
                self.kept[room_id, event_name].append(row)

    async def on_load(self, room_id: str, event_name: str, start: int, end: int) -> list[dict[str, Any]]:
        async with self._alone():
            self.loads.append((event_name, start, end))
            return self.kept[room_id, event_name][::-1][start:end]

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        self.inside += 1
        try:
            assert self.inside == 1, "two hooks overlap"
            if self.gate is not None:
                self.waiting.set()
                await self.gate.wait()
            yield
        finally:
            self.inside -= 1

    def data(self, room_id: str = "room", name: str = "message") -> list[Any]:
        return [row["data"] for row in self.kept[room_id, name]]
