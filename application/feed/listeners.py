"""The application's own handlers of events."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from anyio import Event as Signal
from anyio import WouldBlock, create_memory_object_stream, create_task_group, move_on_after

from ...domain.event import Event
from ...domain.event_definition import EventDefinition
from ...domain.patterns import Patterns
from ..hooks.run_hook import Call, RunHook
from ..log_fields import log_about

Handler = Callable[[Event[Any]], Awaitable[object] | object]
EventKind = EventDefinition[Any] | str | None
Recipients = Callable[[str, str], int]
"""`recipients(room_id, event_name)` is how many sessions of this node get such an event."""

T = TypeVar("T")

MAX_BACKLOG = 10_000
PATIENCE_S = 10.0

logger = logging.getLogger("dialogue.listeners")


class _Queue(Generic[T]):
    """What waits for one function, or for several whose order matters: what is slow delays only itself."""

    def __init__(self, run_hook: RunHook, what: str, call: Callable[[T], Call]) -> None:
        self._run_hook = run_hook
        self._what = what
        self._call = call
        self._send, self._receive = create_memory_object_stream[T](MAX_BACKLOG)
        self._left_out = 0

    def put(self, item: T) -> None:
        try:
            self._send.send_nowait(item)
        except WouldBlock:
            self._leave_out()

    def _leave_out(self) -> None:
        # Not a line for each: under load the log itself would delay everyone.
        self._left_out += 1
        if self._left_out % MAX_BACKLOG == 1:
            logger.warning("%s is %d behind: it misses some (%d so far)", self._what, MAX_BACKLOG, self._left_out)

    async def run(self) -> None:
        async for item in self._receive:
            await self._run_hook.contained(self._call(item), to_its_end=True)

    def finish(self) -> None:
        self._send.close()

    def close(self) -> None:
        self.finish()
        self._receive.close()


class _Listener(_Queue[Event]):
    """One handler of events, with its own queue."""

    def __init__(
        self,
        event: EventKind,
        handler: Handler,
        run_hook: RunHook,
        what: str = "a handler",
        patterns: Patterns | None = None,
    ) -> None:
        super().__init__(run_hook, what, self._called)
        self._definition = event if isinstance(event, EventDefinition) else None
        self._event_name = event.name if isinstance(event, EventDefinition) else event
        self._handler = handler
        self._patterns = patterns if self._event_name is not None and self._event_name.endswith("*") else None

    def tell(self, events: Sequence[Event]) -> None:
        for event in events:
            if self._event_name in (None, event.name) or self._is_by_pattern(event.name):
                self.put(event)

    def _is_by_pattern(self, name: str) -> bool:
        return self._patterns is not None and self._patterns.pattern_of(name) == self._event_name

    def _called(self, event: Event) -> Call:
        given = event if self._definition is None else event.typed(self._definition)
        return Call(self._handler, (given,), _about(self._what, event))


def _about(what: str, event: Event) -> str:
    log_about(partial(_log_fields, event))
    return f"{what} of {event.name!r} in {event.room_id!r} (seq {event.seq})"


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
        self._of_every_room: list[_Listener] = []
        self._after: list[tuple[_Queue[tuple[Event, int]], Recipients]] = []
        self._of_rooms: dict[str, _Queue[tuple[str, object]]] = {}
        self._finished = Signal()
        self.are_given = False
        """Whether anybody listens to events."""

    def on(self, room_id: str, event: EventKind, handler: Handler, patterns: Patterns | None = None) -> None:
        """Call `handler` for each event of that kind (None: any) in the room. To be called before the start.

        A kind that is one of the room's `patterns` is all events whose names go by it.

        By a definition, the handler gets events whose `data` is as its schema reads it.
        """
        self.are_given = True
        self._by_room.setdefault(room_id, []).append(_Listener(event, handler, self._run_hook, patterns=patterns))

    def on_runtime_rooms(self, event: EventKind, handler: Handler, patterns: Patterns | None = None) -> None:
        """As `on`, for every room that is not among the `configured` ones."""
        self.are_given = True
        self._of_runtime_rooms.append(_Listener(event, handler, self._run_hook, patterns=patterns))

    def on_every(self, handler: Handler) -> None:
        """As `on`, for every event in every room."""
        self.are_given = True
        self._of_every_room.append(_Listener(None, handler, self._run_hook, "on_triggered"))

    def after_each(self, handler: Callable[[Event[Any], int], object], recipients: Recipients) -> None:
        """Call `handler(event, count)` for each event in each room, with how many it was sent to on this node."""

        def called(item: tuple[Event, int]) -> Call:
            return Call(handler, item, _about("after_each", item[0]))

        self.are_given = True
        self._after.append((_Queue(self._run_hook, "after_each", called), recipients))

    def on_rooms(self, handlers: Mapping[str, Callable[[Any], object] | None]) -> None:
        """Call these, by the name of what happened, when a room was made or deleted here; one after the other."""

        def called(item: tuple[str, object]) -> Call:
            name, about = item
            handler = handlers[name]
            assert handler is not None, "nothing is queued for none"
            return Call(handler, (about,), f"{name} of {about!r}")

        given = [name for name, handler in handlers.items() if handler is not None]
        if given:
            self._of_rooms = dict.fromkeys(given, _Queue(self._run_hook, " and ".join(given), called))

    def tell_room(self, name: str, about: object) -> None:
        """Queue what happened to a room for its handler, where there is one of that name."""
        queue = self._of_rooms.get(name)
        if queue is not None:
            queue.put((name, about))

    def tell(self, room_id: str, events: Sequence[Event]) -> None:
        """Queue `events`, oldest first, for the room's handlers."""
        for listener in self._of_every_room:
            listener.tell(events)
        for queue, recipients in self._after:
            counts = {name: recipients(room_id, name) for name in {event.name for event in events}}
            for event in events:
                queue.put((event, counts[event.name]))
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

    def _all(self) -> list[_Queue[Any]]:
        of_rooms = [listener for listeners in self._by_room.values() for listener in listeners]
        after = [queue for queue, _ in self._after]
        return [
            *of_rooms,
            *self._of_runtime_rooms,
            *self._of_every_room,
            *after,
            *dict.fromkeys(self._of_rooms.values()),
        ]
