"""What is remembered of rooms and events, and for how long."""

from __future__ import annotations

from pydantic import BaseModel, Field

from .types import MIB


class HistorySettings(BaseModel):
    """What is remembered of rooms and events, and for how long."""

    recovery_limit: int = Field(
        1_000, ge=0, le=10_000, description="How many missed events a join with `since` recovers at most; 0: none."
    )
    key_ttl_s: float = Field(
        86_400.0, gt=0, description="How long an idempotency key is remembered, in seconds (default: 24 hours)."
    )
    max_ended_rooms: int = Field(
        100_000, ge=0, description="Of how many deleted rooms epoch and head are remembered, so that seqs go on."
    )
    max_read_floors: int = Field(
        100_000,
        ge=1,
        description="Of how many users a room with history_visible='since_join' remembers from where on they may read.",
    )
    sweep_interval_s: float = Field(
        60.0, gt=0, le=86_400, description="How often retention removes what is past it, in seconds."
    )
    idle_room_s: float = Field(
        300.0, gt=0, le=86_400, description="After how long a room that nobody uses leaves memory, in seconds."
    )
    max_buffer_bytes: int = Field(
        64 * MIB,
        ge=MIB,
        description="How many bytes of events all buffers hold together, and one an eighth of it; "
        "past it the largest let go of their oldest.",
    )
    max_waiting_cleanup: int = Field(
        10_000,
        ge=1,
        description="How many evicted events may wait for a failing on_cleanup; past it publishing is UNAVAILABLE.",
    )
