"""What `GET /metrics` is answered with."""

from __future__ import annotations

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

FRESH_S = 1.0
"""So long the same text is given again: whoever asks in a loop costs next to nothing."""


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

    async def __call__(self) -> bytes:
        """The text."""
        async with self._making:
            now = monotonic()
            if self._made_at is None or now - self._made_at > self._fresh_s:
                self._text = await to_thread.run_sync(generate_latest, self._registry)
                self._made_at = now
        return self._text
