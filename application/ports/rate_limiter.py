"""The port that counts how much clients do."""

from __future__ import annotations

from typing import Literal, Protocol

Action = Literal["requests", "events", "history", "joins", "rooms", "connections", "traffic"]
"""What is counted: requests of any kind, events published, pages of history, joins, rooms made and deleted, new
connections, and the bytes of requests and answers."""


class RateLimiter(Protocol):
    """Counts what users, and addresses, do, and says who has to wait. It never waits itself, and forgets who is quiet.

    It is asked for each event, so an answer takes microseconds. Where several nodes count together an answer may not
    know yet what happened on the others in the last moment.
    """

    @property
    def is_on(self) -> bool:
        """Whether anything is limited; where nothing is, nobody needs to ask."""
        ...

    async def run(self) -> None:
        """Count together with other nodes, where there are such, until cancelled. Never raises."""
        ...

    def take(self, action: Action, user_id: str | None, address: str | None, cost: int = 1) -> float:
        """Count `cost` for the user and for the address, each where it is known; 0 where both may.

        Otherwise nothing is counted, and it is how many seconds that will take.
        """
        ...

    def charge(self, action: Action, user_id: str | None, address: str | None, cost: int) -> None:
        """Count what has been done, and could not be told before, whether it may or not: it is owed then."""
        ...
