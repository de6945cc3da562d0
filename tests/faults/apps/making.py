"""The rooms, and rooms made at run time; with `TIMELESS` the requests bring no deadline along: a planted fault."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from dialogue import RuntimeRooms
from dialogue.application.sessions import serve_session

from .rooms import create, message


@contextmanager
def no_deadline(_at: float) -> Iterator[None]:
    """Let what runs inside wait as long as it likes."""
    yield


if "TIMELESS" in os.environ:
    serve_session.deadline_at = no_deadline  # type: ignore[attr-defined,assignment]
dialogue = create(runtime_rooms=RuntimeRooms(events=[message]))
