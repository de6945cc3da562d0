"""What somebody wants to publish together with others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MAX_BATCH = 100
"""How many events one batch holds at most."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event as it is sent: its name, its payload, and the sender's own extra object."""

    name: str
    data: object
    meta: Mapping[str, object] | None = None
