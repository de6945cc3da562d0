"""The archive that a how-to page shows keeps the contract that our own keep, and survives what they survive."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import pytest

from dialogue.adapters.memory.key_index import MemoryKeyIndex
from dialogue.adapters.memory.storage import MemoryStorage
from dialogue.domain.errors import Unavailable
from dialogue.domain.event import Event
from dialogue.domain.outcome import Repeat
from dialogue.domain.ports.room_store import StoredRoom
from dialogue.domain.position import StreamFloor

from ..contracts import (
    test_against_a_list,
    test_groups,
    test_history_archive,
    test_history_source,
    test_keys,
    test_redaction,
    test_retention,
    test_room_store,
)
from ..contracts.storage import KEY_TTL_S, MAX_ENDED_ROOMS, Storage, seqs
from ..support.appending import append
from ..support.storage_parts import StorageParts
from .examples import ROOT, examples

PAGE = ROOT / "docs" / "how-to" / "swap-the-archive.md"
FILES = ("line_file.py", "json_lines.py")
SUITES = (
    test_groups,
    test_history_archive,
    test_history_source,
    test_keys,
    test_redaction,
    test_retention,
    test_room_store,
    test_against_a_list,
)

# The suites' own tests, which pytest collects here once more, with the storage below.
for contract in SUITES:
    found = {name: value for name, value in vars(contract).items() if name.startswith(("test_", "events"))}
    assert not found.keys() & globals().keys() - {each.__name__.rpartition(".")[2] for each in SUITES}
    globals().update(found)
del contract, found

Reload = Callable[[], Storage]


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ModuleType]:
    """The page's module."""
    (tmp_path / "code").mkdir()
    for shown in examples("python"):
        if shown.page == PAGE and shown.file in FILES:
            (tmp_path / "code" / shown.file).write_text(shown.code, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path / "code")
    yield importlib.import_module("json_lines")
    for name in FILES:
        del sys.modules[name.removesuffix(".py")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where it keeps its lines."""
    return tmp_path / "history.jsonl"


@pytest.fixture
def reload(example: ModuleType, path: Path) -> Reload:
    """The page's classes over the file as it is now, as the page's application wires them."""

    def load() -> Storage:
        lines: Any = example.JsonLines(path, KEY_TTL_S)
        parts = StorageParts.of(MemoryStorage(lines.store, KEY_TTL_S))
        return Storage(
            replace(
                parts,
                archive=example.JsonLinesArchive(lines, MAX_ENDED_ROOMS),
                rooms=example.JsonLinesRooms(lines),
                keys=MemoryKeyIndex(lines.keys),
            )
        )

    return load


@pytest.fixture
async def storage(reload: Reload) -> Storage:
    """An empty one."""
    return reload()


async def test_all_is_there_after_a_restart(storage: Storage, reload: Reload) -> None:
    """With the same head, and numbers that go on."""
    kept = await storage.publish("general", "message", "typing", "message")
    again = reload()
    assert await again.all("general") == kept
    assert await again.archive.open("general") == await storage.archive.open("general")
    assert seqs(await again.publish("general", "message")) == [4]


async def test_keys_are_known_after_a_restart(storage: Storage, reload: Reload) -> None:
    """And are new again after their time."""
    await storage.append([await storage.keyed("general", key="k")], now_ms=1_000)
    again = reload()
    draft = await again.keyed("general", key="k")
    assert await append(again.archive, [draft], 2_000) == [Repeat(seq=1, timestamp_ms=1_000)]
    assert isinstance((await append(again.archive, [draft], 60_000))[0], Event)


async def test_redactions_erasures_and_trims_hold_after_a_restart(storage: Storage, reload: Reload) -> None:
    """And floors, and heads."""
    await storage.publish("general", "a", "b", "a", "a", payload=b'"secret"')
    await storage.redact("general", 2, by="ada")
    await storage.redact("general", 3, by="system", erases_sender=True)
    await storage.redact("general", 5, by="system", erases_sender=True)
    await storage.archive.trim("general", "a", StreamFloor(event_seq=1, seq=1))
    before = await storage.all("general")
    again = reload()
    assert await again.all("general") == before
    assert [event.data for event in before] == [
        None,
        None,
        "secret",
        {"seq": 2, "by": "erased"},
        {"seq": 3, "by": "system", "erased": True},
    ]
    assert await again.archive.open("general") == await storage.archive.open("general")


async def test_rooms_and_the_ends_of_their_lives_are_known_after_a_restart(storage: Storage, reload: Reload) -> None:
    """No event of the old life comes back, and numbers go on from the old head."""
    room = StoredRoom(id="club", name="Club", event_names=("message",))
    await storage.rooms.create(room)
    await storage.publish("club", "message")
    await storage.rooms.delete("club")
    await storage.rooms.create(room)
    again = reload()
    assert list(await again.rooms.rooms()) == [room]
    assert await again.all("club") == []
    assert await again.archive.open("club") == await storage.archive.open("club")
    assert seqs(await again.publish("club", "message")) == [2]


async def test_half_a_batch_at_the_end_of_the_file_was_never_kept(storage: Storage, reload: Reload, path: Path) -> None:
    """As a kill in the middle of a write leaves it, at every byte."""
    kept = await storage.publish("general", "message")
    before = _content(path)
    await storage.publish("general", "message", "message")
    content = _content(path)
    for size in range(len(before), len(content)):
        _restore(path, content[:size])
        again = reload()
        assert await again.all("general") == kept
        assert seqs(await again.publish("general", "message")) == [2]
        assert len(await reload().all("general")) == 2


async def test_a_batch_that_the_disk_did_not_take_is_not_kept_and_never_will_be(
    storage: Storage, reload: Reload, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither now nor after a restart, and the next one gets its number."""
    first = await storage.publish("general", "message")
    draft = await storage.keyed("general", key="k")
    _refuse_once(monkeypatch)
    with pytest.raises(Unavailable):
        await append(storage.archive, [draft], 1_000)
    assert await storage.all("general") == first
    second = await storage.append([draft])
    assert seqs(second) == [2]
    assert await reload().all("general") == [*first, *second]


async def test_where_a_failed_write_cannot_be_taken_back_nobody_is_told_anything(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No Unavailable: that would promise that it is not kept. The next batch takes it back first."""
    first = await storage.publish("general", "message")
    _refuse_once(monkeypatch)
    with monkeypatch.context() as broken:
        broken.setattr(os, "ftruncate", _refused)
        with pytest.raises(RuntimeError, match="not known"):
            await storage.publish("general", "message")
    assert await storage.all("general") == first
    assert seqs(await storage.publish("general", "message")) == [2]


def _content(path: Path) -> bytes:
    return path.read_bytes()


def _restore(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _refuse_once(monkeypatch: pytest.MonkeyPatch) -> None:
    works = os.fsync

    def refuse(_: int) -> NoReturn:
        monkeypatch.setattr(os, "fsync", works)
        _refused()

    monkeypatch.setattr(os, "fsync", refuse)


def _refused(*_: object) -> NoReturn:
    raise OSError(errno.EIO, "the disk is broken")
