"""Doing here what others have done to the rooms."""

from __future__ import annotations

from collections.abc import Sequence

from ...domain.ports.room_moves import Moves, RoomMove
from ...domain.ports.storage import Storage
from ..feed.apply_events import ApplyEvents
from ..rooms.manage_rooms import ManageRooms
from ..rooms.room_registry import RoomRegistry
from .catch_up import CatchUp
from .remove_user import RemoveUser

ASKED_AT_ONCE = 1_000


class FollowMoves:
    """Takes what a poll has found: rooms come and go, and those that are open here and are behind catch up.

    Places are compared by epoch, head and stamp, and never across epochs. A room whose epoch is another than the one
    that is open here is asked for once more: what the poll has found may be older than what was opened since.
    """

    def __init__(
        self,
        registry: RoomRegistry,
        storage: Storage,
        manage: ManageRooms,
        apply: ApplyEvents,
        catch_up: CatchUp,
        remove: RemoveUser,
    ) -> None:
        self._remove = remove
        apply.is_shared = storage.moves is not None
        self._registry = registry
        self._storage = storage
        self._manage = manage
        self._apply = apply
        self._catch_up = catch_up

    async def __call__(self, found: Moves) -> None:
        """Follow. Raises Unavailable: then the same has to be followed again."""
        for removal in found.removals:
            self._remove.here(removal)
        if found.is_complete:
            await self._refresh([move.room_id for move in found.rooms if self._registry.differs(move)])
            doubtful = self._compare(found.rooms)
        else:
            await self._refresh(None)
            doubtful = [*self._registry.all_opened()]
        doubtful = [*dict.fromkeys([*doubtful, *self._registry.moved_while_opening])]
        for start in range(0, len(doubtful), ASKED_AT_ONCE):
            await self._settle(doubtful[start : start + ASKED_AT_ONCE])
        self._catch_up.retry()

    async def _refresh(self, room_ids: Sequence[str] | None) -> None:
        if room_ids is None or room_ids:
            for change in await self._registry.refresh(room_ids):
                self._manage.show(change)

    def _compare(self, moves: Sequence[RoomMove]) -> list[str]:
        """Let rooms catch up; those that have another life than the one that is open here."""
        for move in moves:
            self._registry.note_move(move)
            self._catch_up.follow(move)
        histories = ((move, self._registry.opened(move.room_id)) for move in moves)
        return [move.room_id for move, history in histories if history is not None and history.epoch != move.epoch]

    async def _settle(self, room_ids: Sequence[str]) -> None:
        """Compare these rooms with where they are by an answer that is younger than what is open here."""
        opened = {room_id: self._registry.opened(room_id) for room_id in room_ids}
        applied = {room_id: history.applied for room_id, history in opened.items() if history is not None}
        moves = self._storage.moves
        found = {} if moves is None else {move.room_id: move for move in await moves.at([*applied])}
        for room_id, before in applied.items():
            move = found.get(room_id)
            if self._registry.opened(room_id) is not opened[room_id]:
                continue
            if move is not None and before.goes_on_at(move.epoch, move.head):
                self._catch_up.follow(move)
                continue
            if move is not None and before.epoch == move.epoch:
                # The storage has lost events of this very life. It must not give their places to others.
                await self._storage.archive.append([], {room_id: before}, before.last_timestamp_ms)
            self._apply.begin_anew(room_id)
        for room_id in room_ids:
            self._registry.moved_while_opening.pop(room_id, None)
