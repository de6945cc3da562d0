"""The positions that clients come back with: their own, and such as no honest client has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialogue.domain.position import Position

from .client import Client
from .places import placed

if TYPE_CHECKING:
    from .world import World


@dataclass(frozen=True, slots=True)
class Since:
    """Which position: the client's own cursor, none, or that seq, of this life or (`is_old`) of the first one."""

    is_own: bool = True
    seq: int | None = None
    is_old: bool = False

    def position(self, world: World, client: Client) -> Position | None:
        """The position itself."""
        if self.is_own:
            return client.cursor
        if self.seq is None:
            return None
        return Position(epoch=world.epochs[0 if self.is_old else -1], seq=placed(self.seq, world.life.head))
