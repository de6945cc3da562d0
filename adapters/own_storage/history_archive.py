"""The archive of an application that keeps its events itself."""

from __future__ import annotations

from collections.abc import Sequence

from ...domain.draft import Draft
from ...domain.errors import RoomNotFound
from ...domain.outcome import Outcome
from ...domain.position import RoomHead, StreamFloor
from ...domain.retention import Retention
from .store import OwnStore


class OwnHistoryArchive:
    """`HistoryArchive` over a `OwnStore`: positions in memory, events handed over when they are evicted.

    Each start begins new epochs. A kill loses what was not handed over yet.
    """

    def __init__(self, store: OwnStore) -> None:
        self._store = store

    async def open(self, room_id: str) -> RoomHead:
        """See `HistoryArchive.open`."""
        return (await self._store.opened(room_id)).reach

    async def append(self, drafts: Sequence[Draft], now_ms: int) -> list[Outcome]:
        """See `HistoryArchive.append`; refuses what comes while too many events wait to be handed over."""
        await self._store.check()
        outcomes = [self._append(draft, now_ms) for draft in drafts]
        for room_id in {draft.room_id for draft in drafts if draft.room_id in self._store.rooms}:
            self._store.hand_over(self._store.rooms[room_id])
        return outcomes

    def _append(self, draft: Draft, now_ms: int) -> Outcome:
        room = self._store.rooms.get(draft.room_id)
        if room is None or room.epoch != draft.epoch:
            return RoomNotFound(draft.room_id)
        done: Outcome | None = self._store.keys.outcome(draft, now_ms)
        if done is None and draft.redaction is not None:
            done = room.blank(draft.redaction)
        if done is not None:
            return done
        event = room.keep(draft, now_ms)
        self._store.keys.add(draft, event)
        return event

    async def sweep(self, limit: int, now_ms: int) -> int:
        """See `HistoryArchive.sweep`."""
        return self._store.keys.sweep(limit, now_ms)

    async def expired(
        self,
        room_id: str,  # noqa: ARG002
        name: str,  # noqa: ARG002
        retention: Retention,  # noqa: ARG002
        now_ms: int,  # noqa: ARG002
        limit: int,  # noqa: ARG002
    ) -> StreamFloor | None:
        """Nothing: what the application's storage keeps, and for how long, is the application's to say."""
        return None

    async def trim(self, room_id: str, name: str, floor: StreamFloor) -> None:
        """See `expired`."""
