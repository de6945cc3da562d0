"""What a takeover is told, and which one it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

LOCK_S = 30.0

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOver:
    """What a takeover is told: the database's `name` for messages, whom to tell how far it is, how long to wait.

    The migration that does it finds this among its context's options, under `OPTION`.
    """

    OPTION: ClassVar[str] = "dialogue_take_over"

    name: str
    progress: Progress
    lock_s: float = LOCK_S
