"""Limits that each node keeps for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from time import monotonic

from anyio import sleep_forever

from ...application.ports.rate_limiter import Action
from ...domain.rate import Rate
from .meter import Meter

ROUNDING_S = 1e-6


class LocalLimiter:
    """`RateLimiter` in memory. `rates` are those of a user; an address may do `address_factor` times as much."""

    def __init__(
        self, rates: Mapping[Action, Iterable[Rate]], address_factor: float, now: Callable[[], float] = monotonic
    ) -> None:
        self.now = now
        self.by_user = {action: [Meter(rate) for rate in some] for action, some in rates.items()}
        self.by_address = {
            action: [Meter(rate.times(address_factor)) for rate in some] for action, some in rates.items()
        }

    @property
    def is_on(self) -> bool:
        """See `RateLimiter.is_on`."""
        return bool(self.by_user)

    async def run(self) -> None:
        """See `RateLimiter.run`."""
        await sleep_forever()

    def take(self, action: Action, user_id: str | None, address: str | None, cost: int = 1) -> float:
        """See `RateLimiter.take`."""
        now = self.now()
        wait_s = 0.0
        if user_id is not None:
            for meter in self.by_user.get(action, ()):
                wait_s = max(wait_s, meter.wait_s(user_id, cost, now))
        if address is not None:
            for meter in self.by_address.get(action, ()):
                wait_s = max(wait_s, meter.wait_s(address, cost, now))
        if wait_s > ROUNDING_S:
            return wait_s
        self._spend(action, user_id, address, cost, now)
        return 0.0

    def charge(self, action: Action, user_id: str | None, address: str | None, cost: int) -> None:
        """See `RateLimiter.charge`."""
        self._spend(action, user_id, address, cost, self.now())

    def _spend(self, action: Action, user_id: str | None, address: str | None, cost: int, now: float) -> None:
        if user_id is not None:
            for meter in self.by_user.get(action, ()):
                meter.spend(user_id, cost, now)
        if address is not None:
            for meter in self.by_address.get(action, ()):
                meter.spend(address, cost, now)
