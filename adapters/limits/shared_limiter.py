"""Limits that several nodes keep together, by way of Redis or Valkey."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import Any

from anyio import Event as Signal
from anyio import create_task_group, move_on_after, sleep
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from redis import RedisError
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from ...application.ports.rate_limiter import Action
from ...domain.errors import ConfigurationError
from ..redis_address import without_channel
from .local_limiter import LocalLimiter
from .meter import MAX_SUBJECTS, Meter

INTERVAL_S = 0.1
"""How often what was counted here is told to the others, at most."""
SHARE = 10
"""A subject's count is told when it has come to this part of what the limit allows."""
AT_ONCE = 16
PAUSE_S = 1.0
PATIENCE_S = 1.0

Counted = tuple[Meter, str]

logger = logging.getLogger("dialogue.limits")


class SharedLimiter:
    """`RateLimiter` that asks this node's own meters, and tells Redis of what they have counted, a little later.

    So no event waits for Redis, or passes another one while it does. Where the nodes together have gone past a limit,
    the subject's meter here is exhausted until that window ends. Until it is known, each node may have let through as
    much as it does in a tenth of a second, or a tenth of the limit. While Redis is away each node keeps the limits for
    itself.
    """

    def __init__(self, local: LocalLimiter, url: str) -> None:
        self._local = local
        self._connections, prefix = _connections(url)
        self._storage = RedisStorage(
            "async+redis://", implementation="redispy", key_prefix=prefix, connection_pool=self._connections
        )
        self._strategy = FixedWindowRateLimiter(self._storage)
        self._items = {meter: (_item(meter), place) for place, meter in _meters(local)}
        self._untold: dict[Counted, int] = {}
        self._due: dict[Counted, None] = {}
        self._has_due = Signal()
        self._is_down = False

    @property
    def is_on(self) -> bool:
        """See `RateLimiter.is_on`."""
        return self._local.is_on

    def take(self, action: Action, user_id: str | None, address: str | None, cost: int = 1) -> float:
        """See `RateLimiter.take`."""
        wait_s = self._local.take(action, user_id, address, cost)
        if wait_s <= 0:
            self._note_both(action, user_id, address, cost)
        return wait_s

    def charge(self, action: Action, user_id: str | None, address: str | None, cost: int) -> None:
        """See `RateLimiter.charge`."""
        self._local.charge(action, user_id, address, cost)
        self._note_both(action, user_id, address, cost)

    def _note_both(self, action: Action, user_id: str | None, address: str | None, cost: int) -> None:
        if self._is_down:
            return
        if user_id is not None:
            for meter in self._local.by_user.get(action, ()):
                self._note((meter, user_id), cost)
        if address is not None:
            for meter in self._local.by_address.get(action, ()):
                self._note((meter, address), cost)

    def _note(self, counted: Counted, cost: int) -> None:
        count = self._untold.get(counted, 0) + cost
        self._untold[counted] = count
        if count * SHARE >= counted[0].rate.amount:
            self._due[counted] = None
            self._has_due.set()
        elif len(self._untold) > MAX_SUBJECTS:
            self._untold.clear()  # of each less than a tenth of its limit

    async def run(self) -> None:
        """See `RateLimiter.run`."""
        try:
            await self._run()
        finally:
            with move_on_after(PATIENCE_S, shield=True):
                await self._connections.aclose()

    async def _run(self) -> None:
        while True:
            while not self._due:
                self._has_due = Signal()
                await self._has_due.wait()
            try:
                await self._tell()
            except* (RedisError, OSError, TimeoutError) as errors:
                self._lost(errors)
            await sleep(INTERVAL_S)
            while self._is_down:
                await sleep(PAUSE_S)
                await self._look()

    async def _tell(self) -> None:
        due, self._due = [*self._due], {}
        for first in range(0, len(due), AT_ONCE):
            async with create_task_group() as tasks:
                for counted in due[first : first + AT_ONCE]:
                    tasks.start_soon(self._tell_of, counted, self._untold.pop(counted, 0))

    async def _tell_of(self, counted: Counted, cost: int) -> None:
        meter, subject = counted
        item, names = self._items[meter]
        if cost == 0 or await self._strategy.hit(item, *names, subject, cost=cost):
            return
        ends_at, _ = await self._strategy.get_window_stats(item, *names, subject)
        left_s = min(max(ends_at - time.time(), 0.0), meter.rate.per_s)
        now = self._local.now()
        meter.exhaust(subject, now + left_s, now)

    def _lost(self, error: Exception) -> None:
        self._is_down = True
        self._untold, self._due = {}, {}
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        logger.warning("limits are kept on each node for itself: Redis is down (%s)", error)

    async def _look(self) -> None:
        with suppress(RedisError, OSError, TimeoutError):
            if await self._storage.check():
                self._is_down = False
                logger.warning("limits are kept over all nodes again")


def _meters(local: LocalLimiter) -> list[tuple[tuple[str, str], Meter]]:
    return [
        ((action, whose), meter)
        for whose, by_action in (("user", local.by_user), ("address", local.by_address))
        for action, meters in by_action.items()
        for meter in meters
    ]


def _item(meter: Meter) -> RateLimitItem:
    return RateLimitItemPerSecond(meter.rate.amount, round(meter.rate.per_s))


def _connections(url: str) -> tuple[Any, str]:
    """Connections to that Redis, and what our keys there begin with: the parameter `channel`, as the bus has it."""
    try:
        plain, channel = without_channel(url)
    except ValueError as error:
        raise ConfigurationError(f"limit_store: names no host and port; {error}") from error
    try:
        pool = BlockingConnectionPool.from_url(  # connects nowhere yet
            plain,
            max_connections=AT_ONCE,
            timeout=PATIENCE_S,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=PATIENCE_S,
            socket_connect_timeout=PATIENCE_S,
        )
        pool.make_connection()  # type: ignore[no-untyped-call]
    except (ValueError, TypeError) as error:
        raise ConfigurationError(f"limit_store: is no address of a Redis ({error})") from error
    return pool, f"{channel}-limits"
