"""An application's storage with places, whose answers get lost and which may not do as it should."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from dialogue import DialogueApp, Event, History, Hooks, RoomConfig, RuntimeRooms, create_dialogue, define_event

Row = dict[str, Any]
Keep = Callable[[list[Row], Sequence[Row]], bool]

message = define_event("message", history=History(limit=5))
note = define_event("note", history=History(limit=3))


def well(rows: list[Row], bite: Sequence[Row]) -> bool:
    """Each event once, in order, and say so."""
    known = {(row["epoch"], row["seq"]) for row in rows}
    rows += [row for row in bite if (row["epoch"], row["seq"]) not in known]
    rows.sort(key=lambda row: (row["timestamp"], row["seq"]))
    return True


def and_the_answer_is_lost(rows: list[Row], bite: Sequence[Row]) -> bool:
    """Each event once, and fail."""
    well(rows, bite)
    return False


def some_of_it(rows: list[Row], bite: Sequence[Row]) -> bool:
    """The older half, and fail."""
    well(rows, bite[: (len(bite) + 1) // 2])
    return False


def with_holes(rows: list[Row], bite: Sequence[Row]) -> bool:
    """Every second one, and fail."""
    well(rows, bite[::2])
    return False


def nothing(rows: list[Row], bite: Sequence[Row]) -> bool:
    """Fail."""
    return False


def again_and_again(rows: list[Row], bite: Sequence[Row]) -> bool:
    """Whatever comes, also what is there already, and say so."""
    rows += bite
    return True


def again_and_the_answer_is_lost(rows: list[Row], bite: Sequence[Row]) -> bool:
    """Whatever comes, also what is there already, and fail."""
    rows += bite
    return False


def newest_first(rows: list[Row], bite: Sequence[Row]) -> bool:
    """In the wrong order, and say so."""
    rows += bite[::-1]
    return True


def not_all(rows: list[Row], bite: Sequence[Row]) -> bool:
    """All but one, and say so."""
    return well(rows, bite[1:])


@dataclass
class UnsureStorage:
    """Keeps each bite as `plan` says, the first call as its first; when that is used up, well."""

    plan: list[Keep] = field(default_factory=list)
    gives_places: bool = True
    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    calls: list[list[int | None]] = field(default_factory=list)

    async def on_cleanup(self, room_id: str, name: str, events: list[Event]) -> None:
        self.calls.append([event.seq for event in events])
        keep = self.plan.pop(0) if self.plan else well
        bite = [
            {
                "data": event.json,
                "from": event.sender,
                "timestamp": event.timestamp_ms,
                "seq": event.seq,
                "epoch": event.epoch,
                "redacted": event.is_redacted,
            }
            for event in events
        ]
        if not keep(self.rows[name], bite):
            raise RuntimeError("the answer was lost")

    async def on_load(self, room_id: str, name: str, start: int, end: int) -> list[Row]:
        rows = self.rows[name][::-1][start:end]
        if self.gives_places:
            return rows
        return [{key: row[key] for key in ("data", "from", "timestamp")} for row in rows]

    def app(self, **settings: Any) -> DialogueApp:
        """An application over it."""
        app = create_dialogue(
            rooms={"room": RoomConfig(name="Room", events=[message, note], sync_history_on_join=4)},
            runtime_rooms=RuntimeRooms(events=[message]),
            hooks=Hooks(on_cleanup=self.on_cleanup, on_load=self.on_load),
        )
        app.configure(**settings)
        return app
