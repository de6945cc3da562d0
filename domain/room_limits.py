"""How many rooms may be made at run time."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import Forbidden


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomLimits:
    """How many rooms made at run time there may be: in all, and of one user. Rooms of nobody count in all alone."""

    in_all: int
    per_user: int

    def ensure_kept(self, in_all: int, of_user: int) -> None:
        """Raise Forbidden where so many rooms, with the new one, are too many; `of_user` is 0 for one of nobody."""
        if in_all > self.in_all:
            raise Forbidden(f"There are already as many rooms as are allowed ({self.in_all})")
        if of_user > self.per_user:
            raise Forbidden(f"You have already made as many rooms as are allowed ({self.per_user})")
