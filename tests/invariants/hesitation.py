"""A storage that takes its time, so that what runs at once meets in every order.

Memory answers without a pause and a file in a pause that nobody chooses; here the pauses are drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

from anyio.lowlevel import checkpoint

from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.event import Event
from dialogue.domain.outcome import Appended
from dialogue.domain.page import PageLimit
from dialogue.domain.ports.history_archive import HistoryArchive
from dialogue.domain.ports.history_source import HistorySource
from dialogue.domain.position import Applied, RoomHead, StreamFloor
from dialogue.domain.retention import Retention

from ..support.storage_parts import StorageParts

TURNS = (0, 0, 1, 2, 4, 8, 16)


class Pauses:
    """How long each call takes, in turns of the event loop; no time at all until it is given a seed."""

    def __init__(self) -> None:
        self._random: Random | None = None
        self.lost_answers = 0  # how many of the next appends are kept and do not say so

    def draw(self, seed: int | None) -> None:
        """Begin to hesitate, or (None) stop."""
        self._random = None if seed is None else Random(seed)

    async def pause(self) -> None:
        """Let others go first, for a while."""
        for _ in range(0 if self._random is None else self._random.choice(TURNS)):
            await checkpoint()


class HesitantArchive:
    """`HistoryArchive` with pauses before and after each call; `waits` is for one that is a `WaitingArchive`."""

    def __init__(self, archive: HistoryArchive, pauses: Pauses) -> None:
        self._archive = archive
        self._pauses = pauses

    async def open(self, room_id: str) -> RoomHead:
        await self._pauses.pause()
        head = await self._archive.open(room_id)
        await self._pauses.pause()
        return head

    async def append(
        self, groups: Sequence[DraftGroup], applied: Mapping[str, Applied], now_ms: int, **waits: bool
    ) -> Sequence[Appended]:
        await self._pauses.pause()
        outcomes = await self._archive.append(groups, applied, now_ms, **waits)
        await self._pauses.pause()
        if self._pauses.lost_answers:
            self._pauses.lost_answers -= 1
            raise RuntimeError("the answer was lost")
        return outcomes

    async def sweep(self, limit: int, now_ms: int) -> int:
        await self._pauses.pause()
        return await self._archive.sweep(limit, now_ms)

    async def expired(
        self, room_id: str, name: str, retention: Retention, now_ms: int, limit: int
    ) -> StreamFloor | None:
        await self._pauses.pause()
        floor = await self._archive.expired(room_id, name, retention, now_ms, limit)
        await self._pauses.pause()
        return floor

    async def trim(self, room_id: str, name: str, floor: StreamFloor) -> None:
        await self._pauses.pause()
        await self._archive.trim(room_id, name, floor)
        await self._pauses.pause()


class HesitantSource:
    """`HistorySource` with pauses before and after each call."""

    def __init__(self, source: HistorySource, pauses: Pauses) -> None:
        self._source = source
        self._pauses = pauses

    async def older(self, room_id: str, names: Sequence[str] | None, before: int, limit: PageLimit) -> list[Event]:
        await self._pauses.pause()
        found = await self._source.older(room_id, names, before, limit)
        await self._pauses.pause()
        return found

    async def newer(self, room_id: str, names: Sequence[str] | None, after: int, limit: PageLimit) -> list[Event]:
        await self._pauses.pause()
        found = await self._source.newer(room_id, names, after, limit)
        await self._pauses.pause()
        return found

    async def between(self, room_id: str, name: str, first: int, last: int, size: int) -> list[Event]:
        await self._pauses.pause()
        found = await self._source.between(room_id, name, first, last, size)
        await self._pauses.pause()
        return found

    async def seq_at(self, room_id: str, timestamp_ms: int) -> int | None:
        await self._pauses.pause()
        found = await self._source.seq_at(room_id, timestamp_ms)
        await self._pauses.pause()
        return found


def hesitant(ports: StorageParts, pauses: Pauses) -> StorageParts:
    """`ports`, with `pauses`."""
    return replace(
        ports,
        archive=HesitantArchive(ports.archive, pauses),
        source=HesitantSource(ports.source, pauses),
    )
