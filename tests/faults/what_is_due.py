"""What a server owes for frames that strangers send, and whether it has paid."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NoReturn

from ..support.wire_client import Message

CODES = frozenset(
    {
        "UNAUTHENTICATED",
        "ROOM_NOT_FOUND",
        "ROOM_FULL",
        "ROOM_EXISTS",
        "JOIN_DENIED",
        "FORBIDDEN",
        "NOT_JOINED",
        "EVENT_NOT_ALLOWED",
        "EVENT_REJECTED",
        "INVALID_EVENT",
        "INVALID_REQUEST",
        "POSITION_UNKNOWN",
        "RATE_LIMITED",
        "UNAVAILABLE",
    }
)
ANSWERS = frozenset(
    {
        "connected",
        "joined",
        "left",
        "subscribed",
        "triggered",
        "history",
        "marked",
        "members",
        "rooms",
        "roomCreated",
        "roomDeleted",
        "pong",
        "error",
    }
)
PUSHES = frozenset({"events", "memberJoined", "memberLeft", "roomSize"})
MAX_ID = 64
MAX_DEPTH = 64

Id = tuple[type, object]
"""An id with its type: 1, True and 1.0 are equal in Python, and not on the wire."""


@dataclass(slots=True)
class Due:
    """The answers that are due on one connection: one for each frame, with the id of its request where that has one.

    Whether JSON deeper than 64 can be read is the server's to say, so its answer may carry the id or not.
    """

    frames: int = 0
    unreadable: int = 0
    ids: Counter[Id] = field(default_factory=Counter)
    ids_or_none: Counter[Id] = field(default_factory=Counter)

    def add_text(self, text: str) -> None:
        """A text frame was sent."""
        try:
            message = json.loads(text, parse_constant=_refuse, object_pairs_hook=_Object)
        except ValueError:
            self.add_unreadable()
            return
        except RecursionError:
            self.frames += 1
            return
        fields = dict(message) if isinstance(message, _Object) else {"id": None}
        if not _is_usable(fields.get("id", 0)):
            self.add_unreadable()
            return
        self.frames += 1
        if "id" in fields:
            ids = self.ids if _depth(message) <= MAX_DEPTH else self.ids_or_none
            ids[_typed(fields["id"])] += 1

    def add_unreadable(self) -> None:
        """A frame was sent that nobody could read."""
        self.frames += 1
        self.unreadable += 1

    def check(self, received: list[Message]) -> None:
        """Raise AssertionError where these frames, all that came, are not exactly what is due."""
        answers = [frame for frame in received if frame["type"] not in PUSHES]
        assert {frame["type"] for frame in answers} <= ANSWERS, answers
        errors = [frame for frame in answers if frame["type"] == "error"]
        assert {error["code"] for error in errors} <= CODES, errors
        assert all(error["message"] for error in errors), errors
        carried = Counter(_typed(frame["id"]) for frame in answers if "id" in frame)
        assert self.ids - carried == Counter(), "not answered"
        assert carried - self.ids - self.ids_or_none == Counter(), "answered with an id that is not due, or twice"
        nameless = [error["code"] for error in errors if "id" not in error]
        assert nameless.count("INVALID_REQUEST") >= self.unreadable, nameless
        assert len(answers) == self.frames


def is_answer(frame: Message) -> bool:
    """Whether the frame answers a request, and is no push."""
    return frame["type"] not in PUSHES


def _typed(request_id: Any) -> Id:
    return type(request_id), request_id


def _is_usable(request_id: object) -> bool:
    if isinstance(request_id, str):
        return len(request_id) <= MAX_ID and not any("\ud800" <= letter <= "\udfff" for letter in request_id)
    return isinstance(request_id, int) and not isinstance(request_id, bool)


class _Object(list[tuple[str, object]]):
    """A JSON object as it was written: a key that stands twice does not hide the value in front of it."""


def _depth(value: object) -> int:
    depth, level = 0, [value]
    while level := [inner for item in level for inner in _inside(item)]:
        depth += 1
    return depth


def _inside(value: object) -> list[object]:
    if isinstance(value, _Object):
        return [item for _, item in value]
    return value if isinstance(value, list) else []


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
