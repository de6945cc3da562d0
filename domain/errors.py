"""The conditions that Dialogue answers with; each has the stable `code` of the wire and builds its own message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

MAX_PROBLEMS = 20
MAX_PROBLEM_TEXT = 500


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with what somebody sent: where (`data.text`, `limit`) and what is allowed there."""

    path: str
    message: str


class DialogueError(Exception):
    """The root of all errors of this package.

    `code` is stable and part of the wire protocol; `details` is JSON that a program can act on, or None.
    """

    code: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str, *, details: Any = None) -> None:
        super().__init__(message)
        self.message = str(message)  # the application raises some of them, with what it likes
        self.details = details


class ConfigurationError(DialogueError):
    """The developer's own mistake, told at start: two events of one name, a negative limit, a bad database URL."""

    code = "CONFIGURATION"


class _Refused(DialogueError):
    """A refusal that lists what is wrong, field by field: the first 20, so that no answer grows with its request."""

    def __init__(self, what: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(_cut(problem) for problem in problems[:MAX_PROBLEMS])
        listed = "; ".join(f"{problem.path}: {problem.message}" for problem in self.problems)
        super().__init__(
            f"{what}: {listed}",
            details=[{"path": problem.path, "message": problem.message} for problem in self.problems],
        )


def _cut(problem: Problem) -> Problem:
    return Problem(problem.path[:MAX_PROBLEM_TEXT], problem.message[:MAX_PROBLEM_TEXT])


class InvalidRequest(_Refused):
    """A request that cannot be understood, with the fields that are wrong."""

    code = "INVALID_REQUEST"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("The request is not valid", problems)

    @classmethod
    def field(cls, path: str, message: str) -> InvalidRequest:
        """The common case: one field, one reason."""
        return cls([Problem(path, message)])


class InvalidEvent(_Refused):
    """A payload or `meta` that the event's schema, or what every archive can keep, does not allow."""

    code = "INVALID_EVENT"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("The event is not valid", problems)


class PayloadMismatch(_Refused):
    """What is kept of an event is not what its definition's schema takes; the event's `json` still gives it."""

    code = "PAYLOAD_MISMATCH"

    def __init__(self, room_id: str, event_name: str, seq: int | None, problems: Sequence[Problem]) -> None:
        self.room_id = room_id
        self.event_name = event_name
        self.seq = seq
        super().__init__(f"{_which(room_id, event_name, seq)} is not as its schema says", problems)


class Redacted(DialogueError):
    """The data of an event is asked for that was blanked: nothing of it is kept."""

    code = "REDACTED"

    def __init__(self, room_id: str, event_name: str, seq: int | None) -> None:
        self.room_id = room_id
        self.event_name = event_name
        self.seq = seq
        super().__init__(f"{_which(room_id, event_name, seq)} was redacted: it has no data any more")


def _which(room_id: str, event_name: str, seq: int | None) -> str:
    place = "" if seq is None else f" {seq}"
    return f"The event{place} {event_name!r} in {room_id!r}"


class Unauthenticated(DialogueError):
    """Nobody knows who is asking."""

    code = "UNAUTHENTICATED"


class Forbidden(DialogueError):
    """The user is known and may not do this."""

    code = "FORBIDDEN"


class JoinDenied(DialogueError):
    """The application does not let this user into the room, for the reason that it gives."""

    code = "JOIN_DENIED"

    def __init__(self, reason: str = "You may not join this room") -> None:
        super().__init__(str(reason)[:MAX_PROBLEM_TEXT])


class EventRejected(DialogueError):
    """The application does not take this event, for the reason that it gives."""

    code = "EVENT_REJECTED"

    def __init__(self, reason: str = "The event was refused") -> None:
        super().__init__(str(reason)[:MAX_PROBLEM_TEXT])


class RoomNotFound(DialogueError):
    """There is no such room, or it was deleted meanwhile."""

    code = "ROOM_NOT_FOUND"

    def __init__(self, room_id: str) -> None:
        self.room_id = room_id
        super().__init__(f"There is no room {room_id!r}")


class RoomExists(DialogueError):
    """A room of this id is already there."""

    code = "ROOM_EXISTS"

    def __init__(self, room_id: str) -> None:
        self.room_id = room_id
        super().__init__(f"There is already a room {room_id!r}")


class RoomFull(DialogueError):
    """As many sessions as the room holds are in it."""

    code = "ROOM_FULL"

    def __init__(self, room_id: str, max_size: int) -> None:
        self.room_id = room_id
        self.max_size = max_size
        super().__init__(f"The room {room_id!r} is full ({max_size})", details={"maxSize": max_size})


class Disconnected(DialogueError):
    """The application asks something for a client whose connection has ended."""

    code = "DISCONNECTED"

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id
        super().__init__(f"The connection {client_id!r} has ended")


class RateLimited(DialogueError):
    """Too much at once, or too often: the same may be asked again in `retry_after_ms`."""

    code = "RATE_LIMITED"

    def __init__(self, what: str, *, retry_after_ms: int) -> None:
        self.retry_after_ms = retry_after_ms
        super().__init__(f"{what}: try again in {retry_after_ms} ms", details={"retryAfterMs": retry_after_ms})


class NotJoined(DialogueError):
    """The session asks something of a room in which it is not."""

    code = "NOT_JOINED"

    def __init__(self, room_id: str) -> None:
        self.room_id = room_id
        super().__init__(f"You have not joined the room {room_id!r}")


class EventNotAllowed(DialogueError):
    """The room has no event of this name, or one without history where history was asked for."""

    code = "EVENT_NOT_ALLOWED"

    def __init__(self, room_id: str, event_name: str, allowed: Sequence[str], *, why: str = "") -> None:
        self.room_id = room_id
        self.event_name = event_name
        self.allowed = tuple(allowed)
        reason = why or "is not one of the room's events"
        super().__init__(
            f"{event_name!r} {reason} in {room_id!r}; allowed: {', '.join(allowed) or 'none'}",
            details={"event": event_name, "allowed": list(allowed)},
        )

    @classmethod
    def as_new(cls, room_id: str, event_name: str, max_names: int) -> EventNotAllowed:
        """A pattern allows the name, but it would be new in the room's history, which has `max_names` already."""
        refusal = cls(room_id, event_name, ())
        refusal.message = f"{event_name!r} would be a new name in {room_id!r}, whose events have {max_names} already"
        refusal.args = (refusal.message,)
        refusal.details = {"event": event_name, "allowed": [], "maxEventNames": max_names}
        return refusal


class PositionUnknown(DialogueError):
    """The position asked for is of another life of the room, or outside of what its history holds."""

    code = "POSITION_UNKNOWN"

    def __init__(self, why: str, *, epoch: str, floor: int, head: int) -> None:
        super().__init__(why, details={"epoch": epoch, "floor": floor, "head": head})


class Unavailable(DialogueError):
    """The history cannot be reached now. For an event it means: not kept, and never will be."""

    code = "UNAVAILABLE"


class TransactionConflict(DialogueError):
    """The application's own transaction met another one (a deadlock, a lock that was not free in time): try it again.

    It has failed as a whole. Roll it back, and run it once more from its beginning.
    """

    code = "TRANSACTION_CONFLICT"

    def __init__(self, why: str) -> None:
        super().__init__(f"The transaction met another one ({why}): roll it back, and try it again as a whole")
