"""Giving the application's own functions to it, before the start."""

from __future__ import annotations

from collections.abc import Callable
from typing import overload

from ..application.feed.listeners import EventKind, Handler
from ..domain.event import Event
from ..domain.event_definition import Data, EventDefinition
from .running_app import RunningApp


class AppHandlers(RunningApp):
    """Taking the application's own functions, before the start."""

    @overload
    def on(self, room_id: str, event: EventDefinition[Data], handler: Callable[[Event[Data]], object]) -> None: ...
    @overload
    def on(self, room_id: str, event: str | None, handler: Callable[[Event], object]) -> None: ...
    def on(self, room_id: str, event: EventKind, handler: Handler) -> None:
        """Call `handler(event)`, async or not, for each event of that kind (None: any) in the room, after it was kept.

        Given by its definition, events have `data` as its schema reads it. To be called before the start, for a room
        of the configuration. Raises ConfigurationError where there is no such room, where it has no such event, and
        where the handler is no function of one argument.

        Where several nodes serve one database, the one that has kept the event calls its handler, and no other; what
        was published `within` a transaction of the application's own calls none.
        """
        self._ensure_not_started("on()")
        self._handlers.on(room_id, event, handler)

    @overload
    def on_runtime_rooms(self, event: EventDefinition[Data], handler: Callable[[Event[Data]], object]) -> None: ...
    @overload
    def on_runtime_rooms(self, event: str | None, handler: Callable[[Event], object]) -> None: ...
    def on_runtime_rooms(self, event: EventKind, handler: Handler) -> None:
        """As `on`, for every room made at run time, those included that will be made; `event.room_id` says which."""
        self._ensure_not_started("on_runtime_rooms()")
        self._handlers.on_runtime_rooms(event, handler)
