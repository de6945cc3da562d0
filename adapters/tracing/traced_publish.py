"""Publishing, as spans: the request, and what admits it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from opentelemetry.trace import Span, SpanKind, use_span
from opentelemetry.util.types import AttributeValue
from typing_extensions import override

from ...application.feed.submission import Settle
from ...application.ports.authenticator import Identity
from ...application.publishing.publish_batch import PublishBatch, PublishedBatch
from ...application.publishing.publish_event import Published, PublishEvent
from ...application.sessions.session import Session
from ...domain.draft_group import DraftGroup
from ...domain.errors import DialogueError
from ...domain.event import Event
from ...domain.new_event import NewEvent
from ...domain.room import Room
from .spans import EVENT, EVENTS, ROOM, SEQ, SESSION, failed, span, tracer

PUBLISH, ADMIT = "dialogue.publish", "dialogue.admit"


class TracedPublishEvent(PublishEvent):
    """`PublishEvent`, whose span lasts from the request until its event was handed to all who receive it."""

    @override
    async def from_session(
        self,
        session: Session,
        room_id: str,
        event_name: str,
        data: object,
        meta: Mapping[str, object] | None,
        key: str | None,
        settle: Settle,
    ) -> None:
        request = _Request({ROOM: room_id, EVENT: event_name, SESSION: session.id})
        with request.begun():
            await super().from_session(session, room_id, event_name, data, meta, key, request.ended_by(settle))

    @override
    async def by_user(
        self,
        identity: Identity,
        room_id: str,
        event_name: str,
        data: object,
        *,
        meta: Mapping[str, object] | None = None,
        key: str | None = None,
    ) -> Published:
        with span(PUBLISH, {ROOM: room_id, EVENT: event_name}, SpanKind.PRODUCER) as request:
            published = await super().by_user(identity, room_id, event_name, data, meta=meta, key=key)
            _tell(request, published.event)
            return published

    @override
    async def once(
        self,
        room_id: str,
        event_name: str,
        data: object,
        *,
        sender: str,
        meta: Mapping[str, object] | None = None,
        key: str | None = None,
    ) -> Published:
        with span(PUBLISH, {ROOM: room_id, EVENT: event_name}, SpanKind.PRODUCER) as request:
            published = await super().once(room_id, event_name, data, sender=sender, meta=meta, key=key)
            _tell(request, published.event)
            return published

    @override
    async def _admitted(self, *arguments: Any, **named: Any) -> tuple[Room, DraftGroup]:
        with span(ADMIT, {}):
            return await super()._admitted(*arguments, **named)


class TracedPublishBatch(PublishBatch):
    """`PublishBatch`, likewise."""

    @override
    async def from_session(
        self,
        session: Session,
        room_id: str,
        events: Sequence[NewEvent],
        key: str | None,
        settle: Settle,
    ) -> None:
        request = _Request({ROOM: room_id, EVENTS: len(events), SESSION: session.id})
        with request.begun():
            await super().from_session(session, room_id, events, key, request.ended_by(settle))

    @override
    async def __call__(
        self, room_id: str, events: Sequence[NewEvent], *, sender: str, key: str | None = None
    ) -> PublishedBatch:
        with span(PUBLISH, {ROOM: room_id, EVENTS: len(events)}, SpanKind.PRODUCER):
            return await super().__call__(room_id, events, sender=sender, key=key)

    @override
    async def _admitted(self, *arguments: Any, **named: Any) -> tuple[Room, DraftGroup]:
        with span(ADMIT, {}):
            return await super()._admitted(*arguments, **named)


class _Request:
    """The span of a request that is answered later, in another task."""

    def __init__(self, attributes: dict[str, AttributeValue]) -> None:
        self._span = tracer().start_span(PUBLISH, kind=SpanKind.PRODUCER, attributes=attributes)

    def begun(self) -> Any:
        return _Begun(self._span)

    def ended_by(self, settle: Callable[[Any], None]) -> Callable[[Any], None]:
        def settled(outcome: Any) -> None:
            try:
                settle(outcome)
            finally:
                if isinstance(outcome, DialogueError):
                    failed(self._span, outcome)
                elif isinstance(outcome, tuple):
                    _tell(self._span, outcome[0])
                self._span.end()

        return settled


class _Begun:
    """For as long as it lasts the span is the current one; it ends here only where the request was refused."""

    def __init__(self, current: Span) -> None:
        self._span = current
        self._use = use_span(current, record_exception=False, set_status_on_exception=False)

    def __enter__(self) -> None:
        self._use.__enter__()

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is not None and self._span.is_recording():
            failed(self._span, error)
            self._span.end()
        self._use.__exit__(kind, error, trace)


def _tell(current: Span, event: Event) -> None:
    if event.seq is not None:
        current.set_attribute(SEQ, event.seq)
