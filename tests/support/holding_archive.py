"""The archive in memory, some of whose rooms somebody else has locked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

from anyio import Event as Signal
from anyio import move_on_after

from dialogue.adapters.memory.history_archive import MemoryHistoryArchive
from dialogue.adapters.memory.store import MemoryStore
from dialogue.application.deadline import deadline, remaining_s
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.outcome import Appended, Held
from dialogue.domain.position import Applied


class HoldingArchive:
    """`WaitingArchive` in memory. `held` maps a locked room to what is set when it is let go.

    Of rooms that are waited for together it is the first that is waited for.
    """

    def __init__(self, store: MemoryStore) -> None:
        self._archive = MemoryHistoryArchive(store)
        self.open = self._archive.open
        self.sweep = self._archive.sweep
        self.expired = self._archive.expired
        self.trim = self._archive.trim
        self.held: dict[str, Signal] = {}
        self.by: dict[str, str] = {}
        """Who has locked a room, where that is known."""
        self.batches: list[list[str]] = []
        """The payloads of each batch that was tried without waiting."""
        self.waited: list[tuple[str, list[str]]] = []
        """The rooms (`a`, or `a b`) and the payloads of each batch that waited."""
        self.waiting_now = 0
        self.most_waiting = 0

    def hold(self, *room_ids: str, by: str | None = None) -> None:
        """Lock these rooms."""
        self.held |= {room_id: Signal() for room_id in room_ids}
        self.by |= {} if by is None else dict.fromkeys(room_ids, by)

    def let_go(self, *room_ids: str) -> None:
        """Unlock these rooms."""
        for room_id in room_ids:
            self.held.pop(room_id).set()

    async def append(
        self, groups: Sequence[DraftGroup], applied: Mapping[str, Applied], now_ms: int, *, waits: bool = False
    ) -> list[Appended]:
        """See `WaitingArchive.append`."""
        payloads = [draft.payload.decode() for group in groups for draft in group.drafts]
        if waits:
            room_ids = sorted({group.room_id for group in groups})
            self.waited.append((" ".join(room_ids), payloads))
            await self._wait(room_ids[0])
        else:
            self.batches.append(payloads)
        held = set(self.held)
        free = [group for group in groups if group.room_id not in held]
        outcomes = iter(await self._archive.append(free, applied, now_ms))
        return [Held(self.by.get(group.room_id)) if group.room_id in held else next(outcomes) for group in groups]

    async def _wait(self, room_id: str) -> None:
        assert deadline() < inf, "nobody waits for ever"
        self.waiting_now += 1
        self.most_waiting = max(self.most_waiting, self.waiting_now)
        try:
            with move_on_after(remaining_s()):
                while room_id in self.held:
                    await self.held[room_id].wait()
        finally:
            self.waiting_now -= 1
