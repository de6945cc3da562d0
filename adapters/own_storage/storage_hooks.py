"""Calling the application's two storage hooks, and holding what they give back to what it must be."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from inspect import isawaitable, iscoroutinefunction
from typing import Any

import stamina
from anyio import fail_after, to_thread

from ...application.hooks.client import OnCleanup, OnLoad
from ...domain.errors import Unavailable
from ...domain.event import Event

FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 15.0

logger = logging.getLogger("dialogue.hooks")


class StorageHooks:
    """Runs `on_cleanup` and `on_load`, async or not; one that is not runs in a worker thread and may block there.

    A call that takes longer than `timeout_s` has failed.
    """

    def __init__(self, on_cleanup: OnCleanup | None, on_load: OnLoad | None, timeout_s: float) -> None:
        self._on_cleanup = on_cleanup
        self._on_load = on_load
        self._timeout_s = timeout_s

    def attempts(self) -> AsyncIterator[stamina.Attempt]:
        """One attempt after the other, with back-off in between, until one does not fail."""
        return stamina.retry_context(
            on=_is_worth_another_try,
            attempts=None,
            timeout=None,
            wait_initial=FIRST_WAIT_S,
            wait_max=LONGEST_WAIT_S,
        ).__aiter__()

    async def cleanup(self, room_id: str, name: str, events: Sequence[Event]) -> None:
        """Hand `events`, oldest first, over. Raises whatever the hook raises."""
        await self._call(self._on_cleanup, room_id, name, list(events))

    async def load(self, room_id: str, name: str, start: int, end: int) -> list[Event]:
        """The stored events from `start` to `end` (exclusive), newest first, counted from the newest that is stored.

        Raises Unavailable where the hook fails, or gives what are no events.
        """
        try:
            loaded = await self._call(self._on_load, room_id, name, start, end)
            return [_event(room_id, name, item) for item in loaded][: end - start]
        except Exception as error:
            logger.exception("on_load(%r, %r, %d, %d) failed", room_id, name, start, end)
            raise Unavailable("The history cannot be reached: the application's on_load failed") from error

    async def _call(self, hook: Callable[..., Any] | None, *arguments: object) -> Any:
        assert hook is not None, "only hooks that were given are called"
        with fail_after(self._timeout_s):
            if iscoroutinefunction(hook):
                return await hook(*arguments)
            result = await to_thread.run_sync(hook, *arguments, abandon_on_cancel=True)
            return await result if isawaitable(result) else result


def _is_worth_another_try(error: Exception) -> bool:
    logger.error("on_cleanup failed, and is tried again: %r", error)
    return True


def _event(room_id: str, name: str, item: Event | Mapping[str, Any]) -> Event:
    """What `on_load` gave: an Event, or a mapping as the ancestor's, with the names of the wire."""
    if isinstance(item, Event):
        return item
    return Event.of(
        room_id=room_id,
        name=name,
        data=item["data"],
        sender=item["from"],
        timestamp_ms=item["timestamp"],
        seq=item.get("seq"),
        epoch=item.get("epoch"),
        meta=item.get("meta"),
    )
