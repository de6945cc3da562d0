"""The start says which storage is really in force."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ..support.server_process import ServerProcess

APP = """
from dependency_injector import providers
from dialogue import History, Hooks, RoomConfig, create_dialogue, define_event
from dialogue.adapters.memory.history_archive import MemoryHistoryArchive
from dialogue.adapters.memory.history_source import MemoryHistorySource

note = define_event("note", history=History())
rooms = {"room": RoomConfig(name="Room", events=[note])}

class ShopArchive(MemoryHistoryArchive):
    pass

def plain():
    return create_dialogue(rooms=rooms)

def own():
    async def on_cleanup(room_id, name, events): ...
    async def on_load(room_id, name, start, end): return []
    return create_dialogue(rooms=rooms, hooks=Hooks(on_cleanup=on_cleanup, on_load=on_load))

def swapped():
    dialogue = create_dialogue(rooms=rooms, database="memory://")
    store = dialogue.container.memory_store
    dialogue.container.archive.override(providers.Singleton(ShopArchive, store))
    dialogue.container.source.override(providers.Singleton(MemoryHistorySource, store))
    return dialogue
"""


@pytest.mark.parametrize(
    ("target", "options", "said"),
    [
        ("plain", [], "history in sqlite:///dialogue.db"),
        ("plain", ["--database", "memory://"], "history in memory alone (memory://)"),
        ("own", [], "history in the application's own storage, by on_cleanup and on_load"),
        ("own", ["--database", "sqlite:///chat.db"], "history in sqlite:///chat.db"),
        ("swapped", [], "history in the application's own ShopArchive"),
    ],
)
def test_the_start_says_where_the_history_really_is(tmp_path: Path, target: str, options: list[str], said: str) -> None:
    """In the line for people and in the log; where it is not the database of the settings, that is not named."""
    (tmp_path / "host.py").write_text(APP)
    command = [sys.executable, "-m", "dialogue", "serve", f"host:{target}", "--port", "{port}", *options]
    server = ServerProcess(tmp_path, command)
    try:
        server.start()
        assert server.log.count(said) == 2
        assert ("sqlite:///dialogue.db" in server.log) is ("dialogue.db" in said)
    finally:
        server.kill()
