"""Group commit: all that waits is one batch, and one batch is in flight."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from anyio import Event as Signal
from anyio import move_on_after

from ...domain.draft_group import DraftGroup
from ...domain.errors import DialogueError, RoomNotFound, Unavailable
from ...domain.event import Event
from ...domain.outcome import GroupOutcome
from ...domain.page import weight
from ...domain.ports.history_archive import HistoryArchive, SpoiledBatch
from ...domain.ports.history_source import HistorySource
from ...domain.position import Applied
from ..feed.fill_gap import FillGap
from ..feed.hub import Hub
from ..feed.listeners import Listeners
from ..feed.tell_evictions import TellEvictions
from ..ports.clock import Clock
from ..rooms.room_registry import RoomRegistry
from ..sessions.frame import SERVER_FAULT

Settle = Callable[[GroupOutcome], None]

logger = logging.getLogger("dialogue.journal")


class OutcomeUnknown(DialogueError):
    """Whether the event was kept could not be found out; never an answer, it ends the connection with 1011."""

    code = "INTERNAL"

    def __init__(self) -> None:
        super().__init__("Whether the event was kept could not be found out")


@dataclass(frozen=True, slots=True)
class JournalLimits:
    """How much one batch takes, how much may wait, and how long a publisher waits for a place in the queue.

    A room's share of a batch goes into its members' outboxes at once, so `batch_bytes` must be well below what these
    take: else one batch closes everybody who receives it, however fast they read. Bytes are those of the wire.
    """

    batch_events: int = 1_000
    batch_bytes: int = 2 << 20
    waiting_events: int = 20_000
    waiting_bytes: int = 32 << 20
    patience_s: float = 10.0


@dataclass(frozen=True, slots=True)
class _Entry:
    group: DraftGroup
    settle: Settle

    @property
    def size(self) -> int:
        return sum(map(weight, self.group.drafts))


class Journal:
    """Takes groups of drafts in the order in which they come, has them kept, and makes them visible.

    A group's `settle` is called once, synchronously, with its events or what else became of it: after it was kept, and
    in the same step in which the room's buffers, subscribers and listeners get it. There is no timer: a lone event
    waits for nothing, and under load a transaction carries all that came while the last one ran.

    An event without history waits for its turn only where its room has something in the queue, so that it overtakes
    nothing.
    """

    def __init__(
        self,
        archive: HistoryArchive,
        source: HistorySource,
        registry: RoomRegistry,
        hub: Hub,
        listeners: Listeners,
        clock: Clock,
        limits: JournalLimits | None = None,
        evictions: TellEvictions | None = None,
    ) -> None:
        self._archive = archive
        self._fill = FillGap(source)
        self._registry = registry
        self._hub = hub
        self._listeners = listeners
        self._clock = clock
        self._evictions = evictions
        self._limits = limits or JournalLimits()
        self._waiting: list[_Entry] = []
        self._waiting_bytes = 0
        self._rooms_in_queue: Counter[str] = Counter()
        self._rooms_at_the_door: Counter[str] = Counter()
        self._arrived = Signal()
        self._moved = Signal()
        self.is_stopping = False

    def is_busy_with(self, room_id: str) -> bool:
        """Whether a draft of that room waits, or is being kept."""
        return room_id in self._rooms_in_queue or room_id in self._rooms_at_the_door

    async def put(self, group: DraftGroup, settle: Settle) -> None:
        """Queue `group`; waits for a place where the queue is full.

        Raises Unavailable when none comes free in time, or when the server is stopping.
        """
        if not group.has_history and not self._rooms_in_queue[group.room_id]:
            self._refuse_when_stopping()
            outcome = self._without_history(group, self._clock.now_ms())
            self._publish(group.room_id, [(_Entry(group, settle), outcome)], ())
            return
        if self._is_full:
            await self._wait_for_a_place(group.room_id)
        self._refuse_when_stopping()
        if self._is_full:
            raise Unavailable("The server is overloaded: too many events wait to be kept")
        self._queue(_Entry(group, settle))

    async def _wait_for_a_place(self, room_id: str) -> None:
        self._rooms_at_the_door[room_id] += 1
        try:
            with move_on_after(self._limits.patience_s):
                while self._is_full and not self.is_stopping:
                    await self._moved.wait()
        finally:
            _take(self._rooms_at_the_door, room_id, 1)

    async def run(self) -> None:
        """Commit batches until stopped and empty; the one writer."""
        while True:
            while self._waiting:
                await self._commit(self._take())
            if self.is_stopping:
                return
            self._arrived = Signal()
            await self._arrived.wait()

    async def stop(self) -> None:
        """Take nothing more, and wait until all that waits is settled."""
        self.is_stopping = True
        self._arrived.set()
        while self._rooms_in_queue:
            await self._moved.wait()

    def _refuse_when_stopping(self) -> None:
        if self.is_stopping:
            raise Unavailable("The server is going down and takes no more events")

    @property
    def _is_full(self) -> bool:
        return len(self._waiting) >= self._limits.waiting_events or self._waiting_bytes >= self._limits.waiting_bytes

    def _queue(self, entry: _Entry) -> None:
        self._waiting.append(entry)
        self._waiting_bytes += entry.size
        self._rooms_in_queue[entry.group.room_id] += 1
        self._arrived.set()

    def _take(self) -> list[_Entry]:
        size = count = 0
        for entry in self._waiting[: self._limits.batch_events]:
            size += entry.size
            if count and size > self._limits.batch_bytes:
                break
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        self._waiting_bytes -= sum(entry.size for entry in batch)
        return batch

    async def _commit(self, batch: Sequence[_Entry]) -> None:
        # One reading for the whole batch: by a later one an event without history would be newer than those behind it.
        now_ms = self._clock.now_ms()
        kept = [entry.group for entry in batch if entry.group.has_history]
        outcomes = iter(await self._keep(kept, self._applied(kept), now_ms))
        rooms: dict[str, list[tuple[_Entry, GroupOutcome]]] = {}
        for entry in batch:
            group = entry.group
            outcome = next(outcomes) if group.has_history else self._without_history(group, now_ms)
            rooms.setdefault(group.room_id, []).append((entry, outcome))
        unseen = {room_id: await self._unseen(room_id, settled) for room_id, settled in rooms.items()}
        for room_id, settled in rooms.items():
            _take(self._rooms_in_queue, room_id, len(settled))
            self._publish(room_id, settled, unseen[room_id])
        moved, self._moved = self._moved, Signal()
        moved.set()

    def _applied(self, groups: Sequence[DraftGroup]) -> dict[str, Applied]:
        histories = {group.room_id: self._registry.opened(group.room_id) for group in groups}
        return {room_id: history.applied for room_id, history in histories.items() if history is not None}

    async def _keep(
        self, groups: Sequence[DraftGroup], applied: Mapping[str, Applied], now_ms: int
    ) -> Sequence[GroupOutcome]:
        if not groups:
            return []
        try:
            outcomes = await self._archive.append(groups, applied, now_ms)
            if len(outcomes) != len(groups):
                raise RuntimeError(f"the archive gave {len(outcomes)} outcomes for {len(groups)} groups")
            return outcomes
        except SpoiledBatch as error:
            if len(groups) == 1:
                logger.error("the storage refused an event for what it holds, or meets there", exc_info=error)
                return [error.refusal]
            middle = len(groups) // 2
            return [
                *await self._keep(groups[:middle], applied, now_ms),
                *await self._keep(groups[middle:], applied, now_ms),
            ]
        except DialogueError as error:
            return [error] * len(groups)
        except Exception:
            # Nobody may be told anything about these events; the writer goes on for all others.
            logger.exception("an append failed in a way that its archive does not explain")
            return [OutcomeUnknown()] * len(groups)

    def _without_history(self, group: DraftGroup, now_ms: int) -> GroupOutcome:
        history = self._registry.opened(group.room_id)
        if history is None or history.epoch != group.epoch:
            return RoomNotFound(group.room_id)
        time_ms = max(now_ms, history.last_timestamp_ms)
        return tuple(draft.kept(timestamp_ms=time_ms) for draft in group.drafts)

    async def _unseen(self, room_id: str, settled: Sequence[tuple[_Entry, GroupOutcome]]) -> Sequence[Event]:
        """Events that were kept before these and that nobody was told of: of an append whose outcome stayed unknown."""
        history = self._registry.opened(room_id)
        first = next((event.seq for event in self._visible(room_id, settled) if event.seq is not None), None)
        if history is None or first is None or first <= history.head + 1:
            return ()
        try:
            return await self._fill.between(room_id, history.head, first)
        except Unavailable:
            # Whoever is in the room must not see the gap: they come back, and are told of all that they missed.
            logger.warning("events of room %r could not be read again: its members have to come back", room_id)
            self._hub.close_room(room_id, SERVER_FAULT)
            return ()

    def _visible(self, room_id: str, settled: Sequence[tuple[_Entry, GroupOutcome]]) -> Iterator[Event]:
        history = self._registry.opened(room_id)
        epoch = None if history is None else history.epoch  # another than a draft's, where the room was made again
        return (
            event
            for entry, outcome in settled
            if isinstance(outcome, tuple) and entry.group.epoch == epoch
            for event in outcome
        )

    def _publish(self, room_id: str, settled: Sequence[tuple[_Entry, GroupOutcome]], unseen: Sequence[Event]) -> None:
        history = self._registry.opened(room_id)
        events = [*unseen, *self._visible(room_id, settled)]
        try:
            if events and history is not None:
                history.apply(event for event in events if event.seq is not None)
                self._hub.deliver(room_id, events)
                self._listeners.tell(room_id, events)
                if self._evictions is not None:
                    self._evictions.wake(room_id)
        except Exception:
            logger.exception("events of room %r were kept and could not be sent on", room_id)
        for entry, outcome in settled:
            _settle(entry.settle, outcome)


def _take(counter: Counter[str], room_id: str, count: int) -> None:
    counter[room_id] -= count
    if not counter[room_id]:
        del counter[room_id]


def _settle(settle: Settle, outcome: GroupOutcome) -> None:
    try:
        settle(outcome)
    except Exception:
        logger.exception("a publisher could not be answered")
