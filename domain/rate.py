"""How fast something may happen: so many in so many seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """`amount` in `per_s` seconds: so many at once after a pause, and no more than that in the long run."""

    amount: int
    per_s: float

    def times(self, factor: float) -> Rate:
        """The rate of so many together."""
        return Rate(max(1, round(self.amount * factor)), self.per_s)
