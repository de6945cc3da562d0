"""The rooms as they were when three members' burst of `typing` closed everybody else: each mend of that is off."""

from __future__ import annotations

from typing import Any

from dialogue.adapters.uvicorn import websocket_protocol
from dialogue.application.feed.apply_events import ApplyEvents
from dialogue.application.sessions import outbox, serve_session
from dialogue.application.sessions.frame import TOO_SLOW

from .rooms import create

ENDLESS = 1 << 40

websocket_protocol.FRAMES_A_TURN = ENDLESS
websocket_protocol.MESSAGES_AHEAD = ENDLESS
serve_session.A_TURN = ENDLESS
outbox.TURNS_OF_GRACE = 0

_gather = ApplyEvents.gather
_put = outbox.Outbox.put


def one_by_one(self: ApplyEvents, submission: Any, now_ms: int) -> None:
    """A frame for each event."""
    _gather(self, submission, now_ms)
    self._flush(submission.group.room_id)


def queue_first(self: outbox.Outbox, frame: Any) -> None:
    """Leave all writing to the session's writer, whose turn comes later."""
    self._queue(frame)
    if self._is_exceeded and self._closing is None:
        self.abort(TOO_SLOW)


ApplyEvents.gather = one_by_one  # type: ignore[method-assign]
outbox.Outbox.put = queue_first  # type: ignore[method-assign]

dialogue = create()
