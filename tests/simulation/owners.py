"""Which tasks belong to which node, so that a node can be killed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Any

from anyio.abc import TaskGroup

WORLD = "world"
OWNER: ContextVar[str] = ContextVar("OWNER", default=WORLD)
"""The node that a task belongs to."""


def start_in_the_world(group: TaskGroup, function: Callable[..., Coroutine[Any, Any, None]], *arguments: Any) -> None:
    """Begin what goes on when the node is dead that sent it."""
    token = OWNER.set(WORLD)
    try:
        group.start_soon(function, *arguments)
    finally:
        OWNER.reset(token)


class Tasks:
    """All tasks of the loop, by the node that began them."""

    def __init__(self) -> None:
        self._tasks: dict[str, dict[asyncio.Task[Any], None]] = {}

    def make(self, loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
        """The loop's task factory."""
        task: asyncio.Task[Any] = asyncio.Task(coroutine, loop=loop, **options)
        owned = self._tasks.setdefault(OWNER.get(), {})
        owned[task] = None
        task.add_done_callback(lambda ended: owned.pop(ended, None))
        return task

    async def kill(self, owner: str) -> None:
        """End all tasks of a node where they are, as the end of its process does."""
        while owned := [*self._tasks.get(owner, ())]:
            for task in owned:
                task.cancel()
            for _ in range(2):  # what these begin now may begin: else Python says that it was never awaited
                await asyncio.sleep(0)
