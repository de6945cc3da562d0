"""Keeping and showing, as spans: how long each group waited, the batch that it went in, its commit, its fan-out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import Link, Span
from typing_extensions import override

from ...application.feed.apply_events import ApplyEvents
from ...application.feed.submission import Settle, Submission
from ...application.publishing.journal import Journal
from ...application.rooms.room_history import RoomHistory
from ...domain.draft_group import DraftGroup
from ...domain.event import Event
from ...domain.outcome import Appended, GroupOutcome, Held
from .spans import EVENTS, ROOM, failed, span, tracer

HeldBack = Mapping[str, tuple[Held, Sequence[Submission]]]

JOURNAL, BATCH, COMMIT, FAN_OUT = "dialogue.journal", "dialogue.batch", "dialogue.commit", "dialogue.fan_out"


class TracedJournal(Journal):
    """`Journal`, of whose batches each is a trace of its own, linked with the requests whose events it keeps."""

    _spans: dict[int, Span] | None = None  # by the identity of the group, which lives for as long

    @override
    async def put(self, group: DraftGroup, settle: Settle) -> None:
        if self._spans is None:
            self._spans = {}
        spans = self._spans
        waiting = spans[id(group)] = tracer().start_span(JOURNAL, attributes={ROOM: group.room_id})

        def settled(outcome: GroupOutcome) -> None:
            try:
                settle(outcome)
            finally:
                if isinstance(outcome, Exception):
                    failed(waiting, outcome)
                spans.pop(id(group), None)
                waiting.end()

        try:
            await super().put(group, settled)
        except BaseException as error:
            failed(waiting, error)
            spans.pop(id(group), None)
            waiting.end()
            raise

    @override
    async def _commit(self, batch: Sequence[Submission], wait_s: float | None) -> HeldBack:
        waiting = [found for each in batch if (found := (self._spans or {}).get(id(each.group))) is not None]
        links = [Link(each.get_span_context()) for each in waiting]
        attributes = {EVENTS: sum(len(each.group.drafts) for each in batch)}
        with tracer().start_as_current_span(BATCH, context=Context(), links=links, attributes=attributes) as current:
            for each in waiting:
                each.add_link(current.get_span_context())
            return await super()._commit(batch, wait_s)

    @override
    async def _append(self, batch: Sequence[Submission], *arguments: Any) -> Sequence[Appended]:
        with span(COMMIT, {}):
            return await super()._append(batch, *arguments)


class TracedApplyEvents(ApplyEvents):
    """`ApplyEvents`, with a span for each room's share of a batch, which is a part of that batch's trace."""

    @override
    def _show(self, room_id: str, history: RoomHistory, events: Sequence[Event]) -> bool:
        if not events:
            return super()._show(room_id, history, events)
        with span(FAN_OUT, {ROOM: room_id, EVENTS: len(events)}):
            return super()._show(room_id, history, events)
