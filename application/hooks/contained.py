"""Running the application's own code so that a cancellation that it brings about itself ends that code alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from anyio import create_task_group


async def contained(work: Callable[[], Awaitable[object]]) -> bool:
    """Run `work`; whether it came to its end.

    Code that waits for something which somebody has cancelled raises the same error as code that is itself cancelled.
    In our own task that would end us, in silence, and in a task group all that run beside us; so it gets a task of its
    own. Being cancelled from outside passes through. `work` is to handle its other errors.
    """
    has_ended = False

    async def run() -> None:
        nonlocal has_ended
        await work()
        has_ended = True

    async with create_task_group() as tasks:
        tasks.start_soon(run)
    return has_ended
