"""The port that turns what a session is told into frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ...domain.event import Event
from ..sessions.frame import Frame
from ..sessions.notice import Notice


class Codec(Protocol):
    """Encodes for one kind of connection; one instance serves all sessions of that kind, so that frames are shared."""

    def events(self, room_id: str, events: Sequence[Event]) -> list[Frame]:
        """`events`, oldest first, in one frame, or in several where one would be too large."""
        ...

    def notice(self, notice: Notice) -> Frame:
        """What the server says of its own accord."""
        ...
