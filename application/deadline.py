"""Until when the work of a request may wait."""

from __future__ import annotations

from contextvars import ContextVar
from math import inf
from time import monotonic

_AT: ContextVar[float] = ContextVar("deadline", default=inf)


class deadline_at:  # noqa: N801  # it reads as the context manager that it is
    """What runs inside waits until `at` (of `time.monotonic`), and no longer; `inf` is without an end.

    Whoever takes a request from a client enters this: the time at which it came, and `request_timeout_s` more. Nothing
    is cancelled by it: what waits (for a storage, for a place in a queue) asks `remaining_s`, and raises Unavailable
    when it has waited so long. So what was begun is brought to its end, and Unavailable goes on meaning "not kept".

    Tasks that are started inside inherit it; those that outlive the request must enter one of their own.
    """

    __slots__ = ("_at", "_before")

    def __init__(self, at: float) -> None:
        self._at = at

    def __enter__(self) -> None:
        self._before = _AT.set(self._at)

    def __exit__(self, *_: object) -> None:
        _AT.reset(self._before)


def move_deadline(at: float) -> None:
    """Let the deadline be `at` from now on, in this task: for a request that came in parts, of which the last is here
    now, and for a task that does one request after the other."""
    _AT.set(at)


def deadline() -> float:
    """Until when the present request may wait, as a time of `time.monotonic`; `inf` where there is none."""
    return _AT.get()


def remaining_s(limit: float = inf) -> float:
    """For how many seconds the present request may still wait: `limit` at most, and never less than 0."""
    return max(0.0, min(limit, _AT.get() - monotonic()))
