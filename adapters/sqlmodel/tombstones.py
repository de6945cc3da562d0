"""The events that a batch's redactions blank."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, select

from ...domain import json_value
from ...domain.errors import PositionUnknown
from ...domain.names import REDACTED
from ...domain.outcome import Repeat
from ...domain.redaction import ERASED, Redaction
from .room_head import STAMP
from .tables import messages, rooms

_room_id: BindParameter[str] = bindparam("b_room_id")
_seq: BindParameter[int] = bindparam("b_seq")
TARGET = select(
    messages.c.event_name, messages.c.timestamp, messages.c.event_data.is_(None).label("is_blank"), rooms.c.floor
).where(messages.c.room_id == _room_id, messages.c.seq == _seq, rooms.c.room_id == messages.c.room_id)
_update = messages.update().where(messages.c.room_id == _room_id, messages.c.seq == _seq)
BLANK = _update.values(event_data=None, meta=None)
ERASE = _update.values(event_data=None, meta=None, from_user=ERASED)
FORGET = _update.values(from_user=ERASED)
RETELL = _update.values(from_user=ERASED, event_data=bindparam("b_event_data"))
DATA = select(messages.c.event_data).where(messages.c.room_id == _room_id, messages.c.seq == _seq)


class Tombstones:
    """Blanks what a batch's redactions name; each event once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def outcome(self, room_id: str, epoch: str, head: int, redaction: Redaction) -> Repeat | PositionUnknown | None:
        """Blank the event; what becomes of the draft where there is nothing to blank, or it is blank already."""
        here: dict[str, Any] = {"b_room_id": room_id, "b_seq": redaction.seq}
        self._connection.execute(STAMP, {"b_room_id": room_id})  # also where no event tells it: a sender forgotten
        target = self._connection.execute(TARGET, here).one_or_none()
        if target is not None and target.event_name == REDACTED and redaction.erases_sender:
            self._forget_redactor(here)
            return Repeat(seq=redaction.seq, timestamp_ms=target.timestamp)
        if target is None or target.event_name == REDACTED or redaction.seq <= target.floor:
            why = f"There is no event at seq {redaction.seq} that could be redacted"
            floor = 0 if target is None else target.floor
            return PositionUnknown(why, epoch=epoch, floor=floor, head=head)
        if target.is_blank:
            if redaction.erases_sender:
                self._connection.execute(FORGET, here)
            return Repeat(seq=redaction.seq, timestamp_ms=target.timestamp)
        self._connection.execute(ERASE if redaction.erases_sender else BLANK, here)
        return None

    def _forget_redactor(self, here: dict[str, Any]) -> None:
        told = self._connection.execute(DATA, here).scalar_one()
        data = json_value.encode({**json.loads(told), "by": ERASED})
        self._connection.execute(RETELL, {**here, "b_event_data": data})
