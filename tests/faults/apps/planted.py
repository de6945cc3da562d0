"""The rooms with a fault in them, of the kind that `PLANT` names: what these tests are to find."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any

from dependency_injector import providers
from sqlalchemy import text

from dialogue import Event
from dialogue.adapters.sqlmodel.history_archive import SqlHistoryArchive
from dialogue.application.feed.hub import Hub

from .rooms import create

KIND = os.environ["PLANT"]
HIT = 15
LATE_S = 0.02


class PlantedHub(Hub):
    """Sends on what it should not, now and then, or in another order or late, each time."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0

    def deliver(self, room_id: str, events: Sequence[Event]) -> None:
        """Misbehave."""
        is_kept = events[0].seq is not None
        self._count += is_kept
        is_hit = is_kept and self._count % HIT == 0  # again and again: somebody has to be there to see it
        match KIND:
            case "late":
                asyncio.get_running_loop().call_later(LATE_S, super().deliver, room_id, events)
                return
            case "lost" if is_hit:
                events = events[1:]
            case "repeated" if is_hit:
                events = [events[0], *events]
            case "swapped":
                events = [*reversed(events)]
        super().deliver(room_id, events)


class PlantedArchive(SqlHistoryArchive):
    """Forgets what it has answered for."""

    async def append(self, *arguments: Any, **named: Any) -> Any:
        """Keep a batch, and later not."""
        outcomes = await super().append(*arguments, **named)
        if KIND == "forgotten":
            forget = text("DELETE FROM messages WHERE seq = 20")
            await self._database.write(lambda connection: connection.execute(forget))
        return outcomes


dialogue = create()
dialogue.container.hub.override(providers.Singleton(PlantedHub))
dialogue.container.archive.override(providers.Singleton(PlantedArchive, dialogue.container.database))
