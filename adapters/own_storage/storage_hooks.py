"""Calling the application's two storage hooks, and holding what they give back to what it must be."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any, TypeVar

from anyio import fail_after

from ...application.deadline import remaining_s
from ...application.hooks.hooks import OnCleanup, OnLoad
from ...application.hooks.run_hook import Call, RunHook, Turn
from ...domain.errors import Unavailable
from ...domain.event import Event

T = TypeVar("T")

FEW = 10
"""So many events are looked at in the loop."""

logger = logging.getLogger("dialogue.hooks")


class StorageHooks:
    """Runs `on_cleanup` and `on_load`."""

    def __init__(self, on_cleanup: OnCleanup | None, on_load: OnLoad | None, run_hook: RunHook) -> None:
        assert on_cleanup is not None, "Hooks refuses on_load without on_cleanup"
        assert on_load is not None, "the hooks are the storage only where there is an on_load"
        self._on_cleanup = on_cleanup
        self._on_load = on_load
        self._run_hook = run_hook

    async def until_done(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """One attempt to hand over after the other, until one does not fail."""
        return await self._run_hook.until_done(attempt, "on_cleanup")

    async def cleanup(self, room_id: str, name: str, events: Sequence[Event]) -> None:
        """Hand `events`, oldest first, over; where the hook runs in a thread, it has all the time that it takes.

        Raises what the hook raises.
        """
        about = f"on_cleanup({room_id!r}, {name!r}, {len(events)} events)"
        await self._run_hook.to_its_end(Call(self._on_cleanup, (room_id, name, list(events)), about))

    @asynccontextmanager
    async def reading(self, turn: Turn) -> AsyncIterator[None]:
        """The turn of one who reads, and who waits for it no longer than for the reading itself. Raises Unavailable.

        Reading ends with the deadline of its request, where that comes first.
        """
        try:
            with fail_after(remaining_s(self._run_hook.timeout_s)):
                await turn.take()
        except TimeoutError as error:
            raise Unavailable("The application's storage is busy with what it was called for before") from error
        try:
            yield
        finally:
            turn.give_back()

    async def load(self, room_id: str, name: str, start: int, end: int, turn: Turn) -> list[Event]:
        """The stored events from `start` to `end` (exclusive), newest first, counted from the newest that is stored.

        The caller has the stream's `turn`. Raises Unavailable where the hook fails, or gives what are no events.
        """
        about = f"on_load({room_id!r}, {name!r}, {start}, {end})"
        try:
            loaded = await self._run_hook(
                Call(self._on_load, (room_id, name, start, end), about), turn, timeout_s=remaining_s()
            )
            if isinstance(loaded, list) and len(loaded) <= FEW:
                return _events(room_id, name, loaded, end - start)
            # In a thread, too: what is given may be a generator over a database, and what is read may be large.
            return await self._run_hook(Call(_events, (room_id, name, loaded, end - start), about), turn)  # type: ignore[no-any-return]
        except Exception as error:
            logger.exception("%s failed", about)
            raise Unavailable("The history cannot be reached: the application's on_load failed") from error


def _events(room_id: str, name: str, loaded: Iterable[Event | Mapping[str, Any]], limit: int) -> list[Event]:
    return [_event(room_id, name, item) for item in islice(loaded, limit)]


def _event(room_id: str, name: str, item: Event | Mapping[str, Any]) -> Event:
    """What `on_load` gave: an Event, or a mapping as the ancestor's, with the names of the wire."""
    event = (
        item
        if isinstance(item, Event)
        else Event.of(
            room_id=room_id,
            name=name,
            data=item["data"],
            sender=item["from"],
            timestamp_ms=item["timestamp"],
            seq=item.get("seq"),
            epoch=item.get("epoch"),
            meta=item.get("meta"),
            is_redacted=item.get("redacted", False),
        )
    )
    if (event.room_id, event.name) != (room_id, name):
        raise ValueError(f"an event {event.name!r} of {event.room_id!r} is none {name!r} of {room_id!r}")
    for field, kind in _KINDS.items():
        if not isinstance(getattr(event, field), kind):
            raise TypeError(f"{field} must be {kind}, not {getattr(event, field)!r}")
    return event


_KINDS: dict[str, Any] = {
    "payload": bytes,
    "sender": str,
    "timestamp_ms": int,
    "seq": int | None,
    "epoch": str | None,
    "is_redacted": bool,
}
