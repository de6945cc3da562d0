"""Handlers that block hold up nobody but themselves, and the check for that finds one that runs in the loop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import pytest
from anyio import fail_after

from dialogue.adapters.threads.daemon_threads import DaemonThreads
from dialogue.application.hooks.run_hook import RunHook
from dialogue.application.ports.run_sync import Running, RunSync
from dialogue.domain.event import Event
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.room import RoomConfig

from .node import MemoryNode

pytestmark = pytest.mark.anyio

T = TypeVar("T")
message = define_event("message", history=History(limit=10))

HANGS_S = 20.0
MOMENT_S = 0.2


class InTheLoop:
    """Planted: calls the function where it stands."""

    async def start(self, function: Callable[[], T], owner: str | None = None) -> Running[T]:
        result = function()
        return await DaemonThreads(1).start(lambda: result)


async def events_published_while_a_handler_blocks(run_sync: RunSync, blocked_s: float) -> int:
    """How many of three events are kept and answered before a handler of the first lets go, by itself or by then."""
    node = MemoryNode({"room": RoomConfig(name="Room", events=[message])}, run_hook=RunHook(run_sync, timeout_s=30))
    let_go = threading.Event()
    heard: list[int | None] = []
    published = 0

    def block(event: Event) -> None:
        heard.append(event.seq)
        if event.seq == 1:
            let_go.wait(blocked_s)
            heard.append(None)

    node.listeners.on("room", None, block)
    async with node.running():
        for number in range(3):
            await node.publish("room", "message", number, sender="ada")
            published += None not in heard
        let_go.set()
    assert heard == [1, None, 2, 3], "a handler gets one event after the other, in order"
    return published


async def test_publishing_goes_on_while_a_handler_blocks() -> None:
    with fail_after(30):
        assert await events_published_while_a_handler_blocks(DaemonThreads(4), HANGS_S) == 3


async def test_a_handler_that_runs_in_the_loop_is_found() -> None:
    with fail_after(30):
        assert await events_published_while_a_handler_blocks(InTheLoop(), MOMENT_S) < 3
