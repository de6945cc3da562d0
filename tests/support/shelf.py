"""An application's own storage, as it should be."""

from __future__ import annotations

from dialogue.domain.event import Event


class Shelf:
    """Keeps each event once, with its place, in order; the two are the hooks."""

    def __init__(self) -> None:
        self._events: dict[tuple[str, str], list[Event]] = {}

    async def on_cleanup(self, room_id: str, name: str, events: list[Event]) -> None:
        """Keep them."""
        kept = self._events.setdefault((room_id, name), [])
        kept += events[len(set(map(_place, kept)) & set(map(_place, events))) :]

    async def on_load(self, room_id: str, name: str, start: int, end: int) -> list[Event]:
        """Give them back."""
        return self._events.get((room_id, name), [])[::-1][start:end]


def _place(event: Event) -> tuple[str | None, int | None]:
    return event.epoch, event.seq
