"""Whether what was read from the storage is all that it said it was."""

from __future__ import annotations

from ...domain.errors import Unavailable
from ...domain.ports.room_moves import RoomMoves
from ..feed.apply_events import ApplyEvents
from ..rooms.refresh_history import RefreshHistory
from ..rooms.room_history import RoomHistory


class ConfirmRead:
    """Asks, after a read of the source, whether another node has trimmed or ended the room's history meanwhile.

    This node hears of that up to one poll later, and what it reads until then may lack what is gone already. To be
    asked before floors are looked at again. Where the storage serves this node alone there is nothing to ask.
    """

    def __init__(self, moves: RoomMoves | None, refresh: RefreshHistory, apply: ApplyEvents) -> None:
        self._moves = moves
        self._refresh = refresh
        if moves is not None:
            apply.confirm_by(self)

    async def __call__(self, room_id: str, history: RoomHistory) -> None:
        """Let `history` have the floors of this moment. Raises Unavailable, also where the room has another life.

        One that has ended on this node is for the caller to see.
        """
        if self._moves is None:
            return
        for move in await self._moves.at([room_id]):
            if move.epoch == history.epoch:
                if move.stamp > history.stamp:
                    await self._refresh(room_id, history)
                return
        if not history.is_ended:
            raise Unavailable("The room's history has just begun anew")
