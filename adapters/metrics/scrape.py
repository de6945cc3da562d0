"""What `GET /metrics` is answered with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import monotonic

from anyio import Lock, to_thread
from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    GCCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.registry import Collector

from .summed import Told, decoded, encoded

FRESH_S = 1.0
"""So long the same text is given again: whoever asks in a loop costs next to nothing."""


Sum = Callable[[], Awaitable[bytes]]
"""Gives the figures of all processes together, as `summed.encoded` writes them."""


class Scrape:
    """Tells all that the given collectors know, and what the process takes, as text for Prometheus.

    It is made in a thread: with very many rooms or connections it takes some milliseconds.
    """

    media_type = CONTENT_TYPE_PLAIN_0_0_4

    def __init__(self, *collectors: Collector, fresh_s: float = FRESH_S) -> None:
        self._registry = CollectorRegistry()
        for collector in collectors:
            self._registry.register(collector)
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self._fresh_s = fresh_s
        self._making = Lock()
        self._made_at: float | None = None
        self._text = b""
        self._sum: Sum | None = None

    def sum_by(self, figures: Sum) -> None:
        """Tell what `figures` gives, which are those of several processes, this one's `own` among them."""
        self._sum = figures

    async def own(self) -> bytes:
        """This process's own figures, as `summed.encoded` writes them."""
        return await to_thread.run_sync(encoded, self._registry)

    async def __call__(self) -> bytes:
        """The text. Raises Unavailable where other processes' figures cannot be asked."""
        async with self._making:
            now = monotonic()
            if self._made_at is None or now - self._made_at > self._fresh_s:
                collector: Collector = self._registry
                if self._sum is not None:
                    collector = Told(decoded(await self._sum()))
                self._text = await to_thread.run_sync(generate_latest, collector)
                self._made_at = now
        return self._text
