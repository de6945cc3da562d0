"""The rooms behind protocols that parse at once whatever was read, and bound nothing: what the turns are to prevent."""

from __future__ import annotations

from collections.abc import Callable

from dialogue.adapters.uvicorn import frame_bounds, http_protocol, intake, request_parser, websocket_protocol
from dialogue.adapters.uvicorn.exchange import Exchange
from dialogue.adapters.uvicorn.turns import Turns

from .rooms import create

ENDLESS = 1 << 40

websocket_protocol.FRAMES_A_TURN = ENDLESS
websocket_protocol.MESSAGES_AHEAD = ENDLESS
frame_bounds.MAX_FRAGMENTS = ENDLESS
frame_bounds.MAX_CONTROL_FRAMES_A_SECOND = ENDLESS
http_protocol.EVENTS_A_TURN = ENDLESS
request_parser.BODY_BITE = ENDLESS
intake.Intake.take.__defaults__ = (ENDLESS,)


def at_once(_: Turns, go_on: Callable[[], None]) -> None:
    """Let nobody else go first."""
    go_on()


Exchange.has_enough = property(lambda _: False)  # type: ignore[assignment, method-assign]
Turns.wait = at_once  # type: ignore[assignment, method-assign]

dialogue = create()
