"""Which of a stream's events are removed for good."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """A stream keeps its newest `max_events`, and of these the ones not older than `max_age_ms`; None is no bound."""

    max_events: int | None = None
    max_age_ms: int | None = None

    def is_expired(self, event_seq: int, timestamp_ms: int, *, head: int, now_ms: int) -> bool:
        """Whether the event at that place of its stream, whose newest event is at `head`, is to go."""
        if self.max_events is not None and event_seq <= head - self.max_events:
            return True
        return self.max_age_ms is not None and timestamp_ms < now_ms - self.max_age_ms
