"""The bounds of one connection."""

from __future__ import annotations

from dataclasses import dataclass

from ...domain.rate import Rate

ENVELOPE_SIZE = 16_384
"""How many bytes of a frame are left to what stands around the events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How much may wait to be sent to one client, behind what its transport has taken."""

    max_frames: int = 1_000
    max_bytes: int = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLimits:
    """The bounds of one connection; `protocol.md` and the settings say what each means."""

    max_frame: int
    max_values: int
    backlog: Backlog
    max_in_flight: int
    heartbeat_s: float
    connect_timeout_s: float
    request_timeout_s: float
    warnings: Rate = Rate(100, 60.0)  # noqa: RUF009
