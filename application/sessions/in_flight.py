"""How many of one client's events wait to be kept."""

from __future__ import annotations

from anyio import Event


class InFlight:
    """Counts what is on its way, up to a bound; one at a time may wait for room."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._count = 0
        self._landed: Event | None = None

    async def enter(self) -> None:
        """Count one more; waits while there are as many as may be."""
        while self._count >= self._most:
            self._landed = Event()
            await self._landed.wait()
        self._count += 1

    def leave(self) -> None:
        """One has come to its end."""
        self._count -= 1
        if self._landed is not None:
            self._landed.set()
            self._landed = None
