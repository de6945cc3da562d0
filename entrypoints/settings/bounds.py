"""How much one client, and all that waits, may take of the server's memory."""

from __future__ import annotations

from pydantic import BaseModel, Field, model_validator

from ...application.sessions.limits import ENVELOPE_SIZE
from .types import KIB, MIB


class BoundSettings(BaseModel):
    """How much one client, and all that waits, may take of the server's memory."""

    max_frame: int = Field(
        64 * KIB, ge=KIB, le=16 * MIB, description="The largest message from a client, in bytes; more closes with 1009."
    )
    max_values: int = Field(
        10_000,
        ge=100,
        le=1_000_000,
        description="How many JSON values an event may hold: texts, numbers, objects, arrays and the like.",
    )
    max_out_frame: int = Field(
        MIB, ge=64 * KIB, le=64 * MIB, description="The largest frame that the server sends, in bytes."
    )
    max_backlog_frames: int = Field(
        1_000, ge=16, description="How many frames may wait for a slow client; more closes it with 4413."
    )
    max_backlog_bytes: int = Field(
        4 * MIB, ge=64 * KIB, description="How many bytes may wait for a slow client; more closes it with 4413."
    )
    max_in_flight: int = Field(
        256, ge=1, le=10_000, description="How many unanswered triggers a connection may have; more wait unread."
    )
    max_waiting_events: int = Field(
        20_000, ge=1, description="How many events may wait to be kept; publishers then wait, and get UNAVAILABLE."
    )
    max_waiting_bytes: int = Field(
        32 * MIB, ge=MIB, description="How many bytes of events may wait to be kept; as max_waiting_events."
    )

    max_handshakes: int = Field(
        1_000, ge=1, description="How many Socket.IO clients may be connecting at once; more are refused until then."
    )
    max_kept_sessions: int = Field(
        10_000, ge=0, description="How many Socket.IO sessions without a connection wait for their clients at most."
    )
    keep_session_s: float = Field(
        120.0, ge=0, le=86_400, description="For how long such a session can be recovered, in seconds; 0: not at all."
    )

    @model_validator(mode="after")
    def _frames_fit(self) -> BoundSettings:
        if self.max_out_frame < self.max_frame + ENVELOPE_SIZE:
            raise ValueError(f"max_out_frame must be at least max_frame + {ENVELOPE_SIZE}, so that every event fits")
        if self.max_backlog_bytes < 2 * self.max_out_frame:
            raise ValueError("max_backlog_bytes must be at least twice max_out_frame")
        return self
