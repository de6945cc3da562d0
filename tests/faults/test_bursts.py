"""A burst of events without history: three members send, and nobody who reads is closed for it."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack

import pytest
from anyio import create_task_group
from websockets.exceptions import ConnectionClosed

from ..support.server_process import ServerProcess
from ..support.websocket_frames import TEXT, websocket_frame
from ..support.wire_client import WireClient, connected
from .conftest import Serve
from .test_planted import leaves

EVENTS = 600
SENDERS = 3
TOO_SLOW = 4413


async def burst(sender: WireClient) -> None:
    """Send them all at once, as one piece, and take the answers then."""
    fields = {"type": "trigger", "roomId": "hall", "event": "typing"}
    texts = [json.dumps({**fields, "data": number, "id": f"n{number}"}) for number in range(EVENTS)]
    sender.socket.transport.write(b"".join(websocket_frame(TEXT, text.encode()) for text in texts))
    answers = await sender.answers([f"n{number}" for number in range(EVENTS)])
    assert {answer["type"] for answer in answers} == {"triggered"}


async def see_a_burst(server: ServerProcess) -> None:
    """Twenty members who read get all of it, each sender's in order, and are still there."""
    async with AsyncExitStack() as stack:
        members = [await stack.enter_async_context(connected(server.ws)) for _ in range(20)]
        senders = [await stack.enter_async_context(connected(server.ws)) for _ in range(SENDERS)]
        for member in members:
            await member.join("hall", events=["typing"])
        for sender in senders:
            await sender.join("hall", events=["message"])
        async with create_task_group() as tasks:
            for sender in senders:
                tasks.start_soon(burst, sender)
            for member in members:
                tasks.start_soon(until_all_came, member)


async def until_all_came(member: WireClient) -> None:
    numbers: dict[str, list[int]] = {}
    for event in await member.events(SENDERS * EVENTS, "hall"):
        numbers.setdefault(event["from"], []).append(event["data"])
    assert list(numbers.values()) == [[*range(EVENTS)]] * SENDERS
    assert (await member.ask("ping"))["type"] == "pong"


async def test_a_burst_of_events_without_history_closes_nobody_who_reads(serve: Serve) -> None:
    await see_a_burst(serve())


async def test_without_its_mends_a_burst_closes_those_who_read(serve: Serve) -> None:
    """Planted: events one by one, all of a burst in one turn, and 4413 in the turn that queued."""
    with pytest.raises(ExceptionGroup) as found:
        await see_a_burst(serve("bursting"))
    codes = {closed.rcvd.code for closed in leaves(found.value) if isinstance(closed, ConnectionClosed) and closed.rcvd}
    assert codes == {TOO_SLOW}
