"""What a client's WebSocket frames may cost beside their bytes."""

from __future__ import annotations

MAX_FRAGMENTS = 1_000
MAX_CONTROL_FRAMES_A_SECOND = 100
TOO_LARGE = 1009
TOO_MANY = 4429


class FrameBoundExceeded(Exception):
    """The connection must end, with this close code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class FrameBounds:
    """Counts a connection's frames, whichever parser reads them; each method raises FrameBoundExceeded past its bound.

    Both bounds are far above what any client needs: frames without content cost the server as much as others, and
    their sender six bytes.
    """

    def __init__(self) -> None:
        self._fragments = 0
        self._control_frames = 0
        self._since = 0.0

    def count_data_frame(self, *, is_last: bool) -> None:
        """A frame of a message; `is_last` ends the message."""
        if is_last:
            self._fragments = 0
            return
        self._fragments += 1
        if self._fragments >= MAX_FRAGMENTS:
            raise FrameBoundExceeded(TOO_LARGE, f"a message may have at most {MAX_FRAGMENTS} fragments")

    def count_control_frame(self, now: float) -> None:
        """A ping or a pong that is read at `now`, in seconds."""
        if now - self._since >= 1:
            self._since = now
            self._control_frames = 0
        self._control_frames += 1
        if self._control_frames > MAX_CONTROL_FRAMES_A_SECOND:
            reason = f"at most {MAX_CONTROL_FRAMES_A_SECOND} pings and pongs a second are read"
            raise FrameBoundExceeded(TOO_MANY, reason)
