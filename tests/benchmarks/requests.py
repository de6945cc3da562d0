"""The frames that the benchmarks send again and again."""

from __future__ import annotations

import json

from .frames import client_frame
from .rooms import MESSAGE

TEXT = "What a person writes is about as long as this sentence is."


def trigger(room_id: str, request_id: int) -> bytes:
    """A publish request of about 150 bytes."""
    request = {
        "type": "trigger",
        "id": request_id,
        "roomId": room_id,
        "event": MESSAGE,
        "data": {"text": TEXT, "username": "ada"},
    }
    return client_frame(json.dumps(request, separators=(",", ":")).encode())


def is_triggered(payload: bytes) -> bool:
    """Whether a frame is a publish request's answer."""
    return payload.startswith(b'{"type":"triggered"')


def is_error(payload: bytes) -> bool:
    """Whether a frame says that a request failed."""
    return payload.startswith(b'{"type":"error"')


def is_events(payload: bytes) -> bool:
    """Whether a frame brings live events."""
    return payload.startswith(b'{"type":"events"')


def last_seq(payload: bytes) -> int:
    """The seq of the last event of an `events` frame, read from its end. Seqs have no holes: it counts them, too."""
    start = payload.rindex(b'"seq":') + 6
    return int(payload[start : payload.index(b"}", start)])
