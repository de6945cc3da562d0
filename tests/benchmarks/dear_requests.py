"""The dearest legal requests: what one client sends without pause, to see what that costs the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .rooms import CROWD, DEEP, FREE, LIVELY, MESSAGE

STORED = 2_000
"""So many events the deep room has."""
LARGE = "x" * 400

Body = Callable[[int], dict[str, object]]
"""The n-th request."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of request: over the WebSocket what `body` gives, or over HTTP a call of `path` by nobody in particular.

    `members` are as many others in the room that it acts on, who listen.
    """

    body: Body | None = None
    path: str | None = None
    members: int = 0


def batch(_: int = 0) -> dict[str, object]:
    """A hundred events, of which the deep room is made."""
    events = [{"event": MESSAGE, "data": {"text": LARGE, "username": "eve"}} for _ in range(100)]
    return {"type": "triggerBatch", "roomId": DEEP, "events": events}


def kinds(epoch: str) -> Mapping[str, Kind]:
    """All of them, by what they are called in the table; `epoch` is the deep room's."""
    since = {"epoch": epoch, "seq": STORED - 1_000}
    page = {"type": "getHistory", "roomId": DEEP, "around": STORED // 2, "limit": 1_000}
    return {
        "nothing at all": Kind(),
        "pages of 1,000 events": Kind(lambda _: page),
        "joins": Kind(lambda _: {"type": "join", "roomId": DEEP}),
        "recoveries of 1,000 events": Kind(lambda _: {"type": "join", "roomId": DEEP, "since": since}),
        "batches of 100 events": Kind(batch),
        "events of 10,000 values": Kind(_free([{}] * 9_999)),
        "events of 9,000 large numbers": Kind(_free([1e300] * 9_000)),
        "events of 60 KB": Kind(_free("x" * 60_000)),
        "events for 100 members": Kind(_event(LIVELY), members=99),
        "events for 1,000 members": Kind(_event(LIVELY), members=1_000),
        "events of 2 KB for 1,000 members": Kind(_event(LIVELY, "x" * 2_000), members=1_000),
        "comings and goings among 1,000 members": Kind(_come_and_go(LIVELY), members=1_000),
        "lists of 900 members": Kind(lambda _: {"type": "listMembers", "roomId": LIVELY}, members=900),
        "lists of rooms": Kind(lambda _: {"type": "listRooms", "limit": 1_000}),
        "read marks": Kind(lambda n: {"type": "markRead", "roomId": DEEP, "seq": 1 + n % STORED}),
        "comings and goings": Kind(_come_and_go(CROWD)),
        "frames of 60 KB that say nothing": Kind(lambda _: {"type": "nothing", "more": "x" * 60_000}),
        "pings": Kind(lambda _: {"type": "ping"}),
        "descriptions over HTTP": Kind(path="/schema/openapi.json"),
        "calls over HTTP": Kind(path="/nowhere"),
    }


def _free(data: object) -> Body:
    return lambda _: {"type": "trigger", "roomId": FREE, "event": FREE, "data": data}


def _event(room_id: str, text: str = "hello") -> Body:
    data = {"text": text, "username": "eve"}
    return lambda _: {"type": "trigger", "roomId": room_id, "event": MESSAGE, "data": data}


def _come_and_go(room_id: str) -> Body:
    return lambda number: {"type": ("leave", "join")[number % 2], "roomId": room_id}
