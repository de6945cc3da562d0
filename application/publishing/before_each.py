"""Asking the application about each event before it is kept."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any, cast

from ...domain import json_value
from ...domain.draft import Draft
from ...domain.errors import EventNotAllowed, EventRejected, InvalidEvent
from ...domain.room import Room
from ..arguments import plain_meta
from ..deadline import remaining_s
from ..hooks.hooks import BeforeEach
from ..hooks.incoming_event import IncomingEvent
from ..hooks.run_hook import Call, RunHook, Turn
from ..ports.authenticator import Identity
from .admission import Admission

logger = logging.getLogger("dialogue.hooks")


class AskBeforeEach:
    """Lets `before_each` refuse or replace a draft; whatever else comes of it refuses.

    What it raises beside EventRejected, and what it gives that cannot be kept, stands in the log and is told to nobody.
    """

    def __init__(self, before_each: BeforeEach, run_hook: RunHook, admission: Admission) -> None:
        self._before_each = before_each
        self._run_hook = run_hook
        self._admission = admission

    async def __call__(self, room: Room, draft: Draft, user: Identity, turn: Turn | None = None) -> Draft:
        """The draft as it is to be kept. Raises EventRejected.

        In one `turn` no call begins before the one before it has come to its end.
        """
        about = f"before_each of {draft.name!r} by {draft.sender!r} in {draft.room_id!r}"
        event = IncomingEvent(
            room_id=draft.room_id,
            name=draft.name,
            data=json_value.decode(draft.payload),
            meta=None if draft.meta is None else cast("dict[str, Any]", json_value.decode(draft.meta)),
            user=user,
        )
        call = Call(self._before_each, (event,), about, user.user_id)
        try:
            if turn is None:
                answer: object = await self._run_hook(call, timeout_s=remaining_s())
            else:
                answer = await self._run_hook.in_turn(call, turn, timeout_s=remaining_s())
        except EventRejected as rejected:
            raise EventRejected(rejected.message) from rejected
        except Exception as error:
            logger.exception("%s failed: the event is refused", about)
            raise EventRejected from error
        return self._judged(room, draft, event, answer, about)

    def _judged(self, room: Room, draft: Draft, event: IncomingEvent, answer: object, about: str) -> Draft:
        if answer is None or answer is True:
            return draft
        if answer is False:
            raise EventRejected
        if not isinstance(answer, IncomingEvent) or replace(answer, data=event.data, meta=event.meta) != event:
            logger.error("%s gave %.200r: only data and meta can be replaced; the event is refused", about, answer)
            raise EventRejected
        try:
            return self._admission.draft(
                room, draft.epoch, draft.name, answer.data, draft.sender, plain_meta(answer.meta)
            )
        except (EventNotAllowed, InvalidEvent) as error:
            logger.exception("%s gave an event that is not valid: it is refused", about)
            raise EventRejected from error
