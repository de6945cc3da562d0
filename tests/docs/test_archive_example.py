"""The archive that a how-to page shows keeps the contract that our own keep, and survives what they survive."""

from __future__ import annotations

import errno
import os
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import pytest

from dialogue.adapters.memory.read_marks import MemoryReadMarks
from dialogue.adapters.memory.room_store import MemoryRoomStore
from dialogue.adapters.memory.store import MemoryStore
from dialogue.adapters.memory.user_events import MemoryUserEvents
from dialogue.domain.errors import Unavailable
from dialogue.domain.page import PageLimit

from ..contracts import test_history_archive, test_history_source
from ..contracts.storage import Storage, seqs
from .examples import ROOT, examples

PAGE = ROOT / "docs" / "how-to" / "swap-the-archive.md"
ALL = PageLimit(events=100)

# The suites' own tests, which pytest collects here once more, with the storage below.
for contract in (test_history_archive, test_history_source):
    globals().update({name: value for name, value in vars(contract).items() if name.startswith(("test_", "events"))})
del contract


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The page's module."""
    code = next(found.code for found in examples("python") if found.page == PAGE and found.file == "json_lines.py")
    module = ModuleType("json_lines")
    monkeypatch.setitem(sys.modules, "json_lines", module)
    exec(compile(code, "json_lines.py", "exec"), vars(module))
    return module


@pytest.fixture
async def storage(example: ModuleType, tmp_path: Path) -> Storage:
    """The page's class as archive and source."""
    history: Any = example.JsonLinesHistory(tmp_path / "history.jsonl")
    store = MemoryStore()
    return Storage(
        archive=history,
        source=history,
        rooms=MemoryRoomStore(store),
        marks=MemoryReadMarks(store),
        user_events=MemoryUserEvents(store),
    )


async def test_all_is_there_after_a_restart(example: ModuleType, storage: Storage, tmp_path: Path) -> None:
    """With the same head, and numbers that go on."""
    kept = await storage.publish("general", "message", "typing", "message")
    again: Any = example.JsonLinesHistory(tmp_path / "history.jsonl")
    assert await again.newer("general", None, 0, ALL) == kept
    assert await again.open("general") == await storage.archive.open("general")
    later = replace(storage, archive=again, source=again)
    assert seqs(await later.publish("general", "message")) == [4]


async def test_half_a_batch_at_the_end_of_the_file_was_never_kept(
    example: ModuleType, storage: Storage, tmp_path: Path
) -> None:
    """As a kill in the middle of a write leaves it, at every byte."""
    path = tmp_path / "history.jsonl"
    kept = await storage.publish("general", "message")
    before = path.stat().st_size
    await storage.publish("general", "message", "message")
    content = path.read_bytes()
    for size in range(before, len(content)):
        path.write_bytes(content[:size])
        again: Any = example.JsonLinesHistory(path)
        assert await again.newer("general", None, 0, ALL) == kept
        later = replace(storage, archive=again, source=again)
        assert seqs(await later.publish("general", "message")) == [2]
        assert len(await example.JsonLinesHistory(path).newer("general", None, 0, ALL)) == 2


async def test_a_batch_that_the_disk_did_not_take_is_not_kept_and_never_will_be(
    example: ModuleType, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither now nor after a restart, and the next one gets its number."""
    first = await storage.publish("general", "message")
    draft = await storage.draft("general")

    def refuse(_: int) -> NoReturn:
        monkeypatch.undo()
        raise OSError(errno.EIO, "the disk is broken")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(Unavailable):
        await storage.archive.append([draft], 1_000)
    assert await storage.source.newer("general", None, 0, ALL) == first
    second = await storage.append([draft])
    assert seqs(second) == [2]
    again: Any = example.JsonLinesHistory(tmp_path / "history.jsonl")
    assert await again.newer("general", None, 0, ALL) == [*first, *second]
