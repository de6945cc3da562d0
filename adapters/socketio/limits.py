"""The bounds of this way in."""

from __future__ import annotations

from dataclasses import dataclass

from ...application.sessions.limits import SessionLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketIoLimits:
    """The bounds of a session, and what Engine.IO and recovery have besides; the settings say what each means."""

    session: SessionLimits
    heartbeat_timeout_s: float
    max_out_frame: int
    max_handshakes: int
    max_connections_per_address: int
    max_kept_sessions: int
    keep_session_s: float
