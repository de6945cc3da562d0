"""What a server's database holds, read past the server: a SQLite file, or a PostgreSQL database."""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from ..support.wire_client import Message

EVENTS = """
SELECT room_id, event_name, CAST(event_data AS TEXT), from_user, timestamp, seq, event_seq, CAST(meta AS TEXT)
FROM messages ORDER BY room_id, seq
"""
ROOMS = "SELECT room_id, epoch, head, floor, last_timestamp FROM dialogue_rooms"
STREAMS = "SELECT room_id, event_name, head, floor FROM dialogue_streams"

Rows = Callable[[str], Iterable[Any]]


class Kept:
    """Every event of every room, oldest first, as the wire shows it; reading one holds the database to its promises."""

    def __init__(self, database: Path | str) -> None:
        self._rooms: dict[str, list[Message]] = {}
        self._places: dict[tuple[str, frozenset[str]], list[int]] = {}
        self.epochs: dict[str, str] = {}
        with _snapshot(database) as rows:
            self._read(rows)

    def __len__(self) -> int:
        return sum(map(len, self._rooms.values()))

    def events(self, room_id: str) -> list[Message]:
        """A room's events, oldest first."""
        return self._rooms.get(room_id, [])

    def event(self, room_id: str, seq: int) -> Message:
        """The event at a place."""
        assert 0 < seq <= len(self.events(room_id)), f"nothing is kept at {seq} of {room_id!r}"
        return self._rooms[room_id][seq - 1]

    def places(self, room_id: str, names: Iterable[str]) -> list[int]:
        """The seqs of all events of these names, in order."""
        key = (room_id, frozenset(names))
        if key not in self._places:
            self._places[key] = [event["seq"] for event in self.events(room_id) if event["event"] in key[1]]
        return self._places[key]

    def first_at(self, room_id: str, timestamp: int) -> int | None:
        """The seq of the first event of that time or later."""
        events = self.events(room_id)
        index = bisect_left(events, timestamp, key=lambda event: int(event["timestamp"]))
        return index + 1 if index < len(events) else None

    def _read(self, rows: Rows) -> None:
        event_seqs: dict[tuple[str, str], int] = {}
        for room_id, name, data, sender, timestamp, seq, event_seq, meta in rows(EVENTS):
            events = self._rooms.setdefault(room_id, [])
            assert seq == len(events) + 1, f"{room_id!r} has a hole before {seq}"
            assert event_seq == event_seqs.get((room_id, name), 0) + 1, f"{name!r} has a hole before {event_seq}"
            assert not events or timestamp >= events[-1]["timestamp"], f"time runs backwards at {seq}"
            event_seqs[room_id, name] = event_seq
            event = {"event": name, "roomId": room_id, "data": json.loads(data), "from": sender}
            event |= {"timestamp": timestamp, "seq": seq}
            events.append(event if meta is None else event | {"meta": json.loads(meta)})
        for room_id, epoch, head, floor, last_timestamp in rows(ROOMS):
            events = self.events(room_id)
            self.epochs[room_id] = epoch
            assert (head, floor) == (len(events), 0), f"the head of {room_id!r} is not its last event"
            assert last_timestamp == (events[-1]["timestamp"] if events else 0)
        assert self._rooms.keys() <= self.epochs.keys()
        heads = {(room_id, name): (head, floor) for room_id, name, head, floor in rows(STREAMS)}
        assert heads == {stream: (count, 0) for stream, count in event_seqs.items()}


@contextmanager
def _snapshot(database: Path | str) -> Iterator[Rows]:
    """One state of a SQLite file, which is sound, or of the PostgreSQL database with that URL."""
    if isinstance(database, str):
        with psycopg.connect(database) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            yield connection.execute
        return
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, isolation_level=None)) as file:
        file.execute("BEGIN")
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        yield file.execute
