"""Hooks and handlers that fail, never end or take long harm nobody but who they are for, and a stop still ends."""

from __future__ import annotations

import signal
from contextlib import AsyncExitStack
from typing import Any

from anyio import fail_after, to_thread

from ..support.server_process import ServerProcess
from ..support.wire_client import Message, WireClient, connected, seqs
from .conftest import Serve
from .serving import kept_by

GOING_AWAY = (1001, "the server is going down")
NEVER_S = 3600
"""No time-out of the server's may be what ends a hook, or a stop that waits for one."""

UNLIMITED: dict[str, Any] = {"hook_timeout_s": NEVER_S, "drain_timeout_s": NEVER_S}
STOP_S = 80.0
"""Less than those, and a busy machine's."""


async def stopped_within(server: ServerProcess, seconds: float) -> None:
    """Ask it to stop, and see it end in time and well."""
    server.send_signal(signal.SIGTERM)
    with fail_after(seconds):
        assert await to_thread.run_sync(server.exit_code, abandon_on_cancel=True) == 0


async def test_a_hook_that_fails_hangs_or_is_slow_harms_only_its_own_client(serve: Serve) -> None:
    """Ten whose `on_connected` never ends get nothing but 1001 at the stop; one whose fails is served all the same; one
    whose takes a second waits that long; all others talk as ever."""
    server = serve("hooked", **UNLIMITED)
    async with AsyncExitStack() as stack:

        async def enter(user_id: str) -> WireClient:
            return await stack.enter_async_context(connected(server.ws, user_id))

        hanging = [await enter(f"hangs-{number}") for number in range(10)]
        waiting = [await client.send("join", roomId="hall") for client in hanging]
        slow, broken, cancelled = [await enter(name) for name in ("slow", "throws", "cancels")]
        ada, bob = await enter("ada"), await enter("bob")
        await bob.join("hall")
        await ada.join("hall", events=[])
        assert await ada.publish("hall", 500) == list(range(1, 501))
        assert seqs(await bob.events(500)) == list(range(1, 501))
        assert (await slow.pushed("joined"))["roomId"] == "side"
        for client in (slow, broken, cancelled):
            await client.join("hall")
            await client.trigger("hall")
        assert seqs(await bob.events(3)) == [501, 502, 503]
        await stopped_within(server, STOP_S)
        for client in (*hanging, slow, broken, cancelled, ada, bob):
            assert await client.closed() == GOING_AWAY
        for client, request in zip(hanging, waiting, strict=True):
            assert request not in [frame.get("id") for frame in client.frames]
    assert len(kept_by(server).events("hall")) == 503
    assert len(server.faults) == 2, "the log tells of the two hooks that failed"
    assert all("on_connected" in line for line in server.faults)


async def test_a_handler_that_fails_hangs_or_is_slow_harms_neither_clients_nor_other_handlers(serve: Serve) -> None:
    """Of five handlers of one event four misbehave: members get all events, the fifth is told of each, in order. A
    stop gives handlers ten seconds, and then ends."""
    server = serve("hooked", **UNLIMITED)
    async with connected(server.ws, "ada") as ada, connected(server.ws, "bob") as bob:
        await bob.join("side")
        await ada.join("side", events=[])
        places = await ada.publish("side", 300)
        events: list[Message] = []
        while sum(event["event"] == "note" for event in events) < 300:
            events += await bob.events(1)
        assert seqs(events) == list(range(1, 601))
        assert [event["data"] for event in events if event["event"] == "note"] == places
        await stopped_within(server, STOP_S)
        assert await bob.closed() == GOING_AWAY
    assert len(kept_by(server).events("side")) == 600
