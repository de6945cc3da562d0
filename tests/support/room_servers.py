"""Servers of the tests' own rooms, for the fixtures of several folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .server_process import ServerProcess


@contextmanager
def shared_rooms(folder: Path) -> Iterator[ServerProcess]:
    """A server that runs for as long as the context lasts, and then stops without a fault in its log."""
    running = ServerProcess.of_rooms(folder)
    try:
        yield running.start()
        assert running.stop() == 0, running.log
        assert [fault for fault in running.faults if "this hook always fails" not in fault] == []
    finally:
        running.kill()


@contextmanager
def new_servers(folder: Path) -> Iterator[Callable[..., ServerProcess]]:
    """Starts servers, each in a folder of its own below `folder`, by its settings; all end with the context."""
    running: list[ServerProcess] = []

    def start(make: Callable[..., ServerProcess] = ServerProcess.of_rooms, **settings: str | float) -> ServerProcess:
        own = folder / str(len(running))
        own.mkdir()
        running.append(make(own, {f"DIALOGUE_{name.upper()}": str(value) for name, value in settings.items()}))
        return running[-1].start()

    yield start
    for each in running:
        each.kill()
