"""The application's own handlers of events."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from typing import Any

from anyio import Event as Signal
from anyio import WouldBlock, create_memory_object_stream, create_task_group, move_on_after

from ...domain.event import Event
from ...domain.event_definition import EventDefinition
from ..hooks.run_hook import Call, RunHook
from ..log_fields import log_about

Handler = Callable[[Event[Any]], Awaitable[object] | object]
EventKind = EventDefinition[Any] | str | None

MAX_BACKLOG = 10_000
PATIENCE_S = 10.0

logger = logging.getLogger("dialogue.listeners")


class _Listener:
    """One handler with its own queue, so that a slow one delays only itself."""

    def __init__(self, event: EventKind, handler: Handler, run_hook: RunHook) -> None:
        self._definition = event if isinstance(event, EventDefinition) else None
        self._event_name = event.name if isinstance(event, EventDefinition) else event
        self._handler = handler
        self._run_hook = run_hook
        self._send, self._receive = create_memory_object_stream[Event](MAX_BACKLOG)
        self._left_out = 0

    def tell(self, events: Sequence[Event]) -> None:
        for event in events:
            if self._event_name in (None, event.name):
                try:
                    self._send.send_nowait(event)
                except WouldBlock:
                    self._leave_out(event)

    def _leave_out(self, event: Event) -> None:
        # Not a line for each: under load the log itself would delay everyone.
        self._left_out += 1
        if self._left_out % MAX_BACKLOG == 1:
            logger.warning(
                "a handler in %r is %d events behind: it misses some (%d so far)",
                event.room_id,
                MAX_BACKLOG,
                self._left_out,
            )

    async def run(self) -> None:
        async for event in self._receive:
            log_about(partial(_log_fields, event))
            about = f"a handler of {event.name!r} in {event.room_id!r} (seq {event.seq})"
            given = event if self._definition is None else event.typed(self._definition)
            await self._run_hook.contained(Call(self._handler, (given,), about), to_its_end=True)

    def finish(self) -> None:
        self._send.close()

    def close(self) -> None:
        self.finish()
        self._receive.close()


def _log_fields(event: Event) -> dict[str, object]:
    return {"room": event.room_id, "event_name": event.name, "seq": event.seq}


class Listeners:
    """Hands kept events to the application's handlers, each in order, after they were sent to the clients.

    An async handler runs in the event loop, any other in a thread. It is told of what happens while this process runs;
    one that falls 10,000 events behind misses some, and the log says so. What must not be missed is read from the
    history. Where several nodes serve one storage each of them tells its handlers of what it has kept itself, so that
    an event is handled once; what an application publishes in its own transaction is told to none.
    """

    def __init__(self, run_hook: RunHook, configured: Collection[str] = ()) -> None:
        self._run_hook = run_hook
        self._configured = configured
        self._by_room: dict[str, list[_Listener]] = {}
        self._of_runtime_rooms: list[_Listener] = []
        self._finished = Signal()

    def on(self, room_id: str, event: EventKind, handler: Handler) -> None:
        """Call `handler` for each event of that kind (None: any) in the room. To be called before the start.

        By a definition, the handler gets events whose `data` is as its schema reads it.
        """
        self._by_room.setdefault(room_id, []).append(_Listener(event, handler, self._run_hook))

    def on_runtime_rooms(self, event: EventKind, handler: Handler) -> None:
        """As `on`, for every room that is not among the `configured` ones."""
        self._of_runtime_rooms.append(_Listener(event, handler, self._run_hook))

    def tell(self, room_id: str, events: Sequence[Event]) -> None:
        """Queue `events`, oldest first, for the room's handlers."""
        for listener in self._by_room.get(room_id, ()):
            listener.tell(events)
        if self._of_runtime_rooms and room_id not in self._configured:
            for listener in self._of_runtime_rooms:
                listener.tell(events)

    async def run(self) -> None:
        """Run all handlers until `finish`, or until cancelled."""
        listeners = self._all()
        try:
            async with create_task_group() as tasks:
                for listener in listeners:
                    tasks.start_soon(listener.run)
        finally:
            for listener in listeners:
                listener.close()
            self._finished.set()

    async def finish(self) -> None:
        """Let the handlers have what is queued for them, and return when they have, or after ten seconds."""
        for listener in self._all():
            listener.finish()
        with move_on_after(PATIENCE_S) as scope:
            await self._finished.wait()
        if scope.cancelled_caught:
            logger.warning("handlers did not finish within %s s: what is queued for them is left out", PATIENCE_S)

    def _all(self) -> list[_Listener]:
        of_rooms = [listener for listeners in self._by_room.values() for listener in listeners]
        return of_rooms + self._of_runtime_rooms
