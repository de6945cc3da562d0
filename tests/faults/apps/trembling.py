"""The rooms over SQLite that is slow, and fails, at random: each read and each commit takes up to `TREMBLE_DELAY_S`
longer, and with a probability of `TREMBLE_RATE` it is not made at all. `TREMBLE_SEED` makes it the same each time."""

from __future__ import annotations

import os
from random import Random
from typing import Any

from anyio import sleep
from dependency_injector import providers

from dialogue.adapters.sqlmodel.history_archive import SqlHistoryArchive
from dialogue.adapters.sqlmodel.history_source import SqlHistorySource
from dialogue.domain.errors import Unavailable

from .rooms import create

RANDOM = Random(int(os.environ["TREMBLE_SEED"]))
RATE = float(os.environ["TREMBLE_RATE"])
DELAY_S = float(os.environ["TREMBLE_DELAY_S"])


async def tremble() -> None:
    """Take a while, or fail before anything was done."""
    await sleep(RANDOM.random() * DELAY_S)
    if RANDOM.random() < RATE:
        raise Unavailable("the storage trembles")


class TremblingArchive(SqlHistoryArchive):
    """The real archive, reached over something that shakes."""

    async def open(self, *arguments: Any, **named: Any) -> Any:
        """Open a room, or fail."""
        await tremble()
        return await super().open(*arguments, **named)

    async def append(self, *arguments: Any, **named: Any) -> Any:
        """Keep a batch, or fail."""
        await tremble()
        return await super().append(*arguments, **named)


class TremblingSource(SqlHistorySource):
    """The real source, likewise."""

    async def older(self, *arguments: Any, **named: Any) -> Any:
        """Read downwards, or fail."""
        await tremble()
        return await super().older(*arguments, **named)

    async def newer(self, *arguments: Any, **named: Any) -> Any:
        """Read upwards, or fail."""
        await tremble()
        return await super().newer(*arguments, **named)

    async def between(self, *arguments: Any, **named: Any) -> Any:
        """Read by event seqs, or fail."""
        await tremble()
        return await super().between(*arguments, **named)

    async def seq_at(self, *arguments: Any, **named: Any) -> Any:
        """Find a time, or fail."""
        await tremble()
        return await super().seq_at(*arguments, **named)


dialogue = create()
dialogue.container.archive.override(providers.Singleton(TremblingArchive, dialogue.container.database))
dialogue.container.source.override(providers.Singleton(TremblingSource, dialogue.container.database))
