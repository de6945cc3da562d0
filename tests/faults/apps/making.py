"""The rooms, and rooms made at run time; with `TIMELESS` the requests bring no deadline along: a planted fault."""

from __future__ import annotations

import os

from dialogue import RuntimeRooms
from dialogue.application.sessions import serve_session

from .rooms import create, message


def no_deadline(at: float) -> None:
    """Let what comes now wait as long as it likes."""


if "TIMELESS" in os.environ:
    serve_session.move_deadline = no_deadline  # type: ignore[attr-defined]
dialogue = create(runtime_rooms=RuntimeRooms(events=[message]))
