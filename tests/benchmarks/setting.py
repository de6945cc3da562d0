"""What all benchmarks are given."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from .server_process import Server, running, running_plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How much is measured, where, and over which database (None: a new SQLite file for each).

    `source` is another checkout, whose server is measured in place of ours; `is_plain` runs it under uvicorn's own
    protocols in place of the default server.
    """

    quick: bool = False
    database: str | None = None
    folder: Path | None = None
    keep: Path | None = None
    subscribers: tuple[int, ...] = (100, 1_000)
    depth: int = 1_000_000
    connections: int = 2_000
    command: tuple[str, ...] = ()
    source: Path | None = None
    is_plain: bool = False

    def some(self, number: int) -> int:
        """`number`, or a tenth of it in a quick run."""
        return max(1, number // 10) if self.quick else number

    @property
    def url(self) -> str:
        """The server's database, as seen from its folder."""
        return self.database or "sqlite:///bench.db"

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for as long as the context lasts."""
        with tempfile.TemporaryDirectory(prefix="dialogue-bench-", dir=self.folder) as folder:
            yield Path(folder)

    @asynccontextmanager
    async def server(self, *options: str) -> AsyncIterator[Server]:
        """A server of its own, over a database of its own; `options` go behind its command line."""
        with self.scratch() as folder:
            if self.is_plain:
                started = running_plain(folder, self.url, *self.command, source=self.source)
            else:
                started = running(folder, self.url, *self.command, source=self.source, options=options)
            async with started as server:
                yield server
