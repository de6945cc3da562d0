"""The port that keeps events in transactions of the application's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..draft import Draft
from ..event import Event
from ..idempotency_key import IdempotencyKey


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishRules:
    """What the storage has to know of an application, so that it can refuse an event that comes past every node.

    `names` are the names with history of each room that stands in the code, `runtime_names` those that rooms made at
    run time may have. `max_event_size` and `max_values` bound one event.
    """

    names: Mapping[str, Sequence[str]]
    runtime_names: Sequence[str]
    max_event_size: int
    max_values: int


class TransactionArchive(Protocol):
    """Keeps events in a transaction that the application has begun, and that it alone commits or rolls back.

    An event has its place at once, and is seen by whoever reads when the transaction commits. Where that is rolled back
    there is no hole: the place is the next event's. Until its end nobody else publishes in the room.
    """

    async def allow(self, rules: PublishRules) -> None:
        """Let events be kept that follow `rules`, and no others; of several calls the last is in force.

        A room of `rules.names` that was never seen gets its first epoch here. Raises Unavailable.
        """
        ...

    async def keep(self, draft: Draft, key: IdempotencyKey | None, within: object) -> Event:
        """Keep the event in the transaction of `within`, an asynchronous connection or session.

        It is kept in the present life of its room, whatever the draft's epoch. Of a key that was used already the event
        is given back as it is now, at the first one's place.

        Raises InvalidRequest where `within` is none, is connected to another database, or its transaction is of a kind
        that cannot number events; RoomNotFound, EventNotAllowed, InvalidEvent and InvalidRequest for what breaks the
        rules; Forbidden where whoever is connected may not publish; Unavailable where no rules are in force yet; and
        TransactionConflict. After each of these but the first the transaction has failed, and can only be rolled back.
        """
        ...

    def keep_sync(self, draft: Draft, key: IdempotencyKey | None, within: object) -> Event:
        """As `keep`, for a connection or session that is not asynchronous."""
        ...
