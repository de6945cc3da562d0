"""The calls for the developer's own code, while the application runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, overload

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Session

from ..application.arguments import SYSTEM, SentEvent
from ..application.dialogue import RoomHandle
from ..application.hooks.client import REASON, Client
from ..application.people import UserRooms
from ..application.sessions.notice import RoomInfo
from ..domain.event import Event
from ..domain.event_definition import Data, EventDefinition
from ..domain.ports.room_store import StoredRoom
from .running_app import RunningApp

AsyncTransaction = AsyncConnection | AsyncSession
Transaction = Connection | Session


class AppCalls(RunningApp):
    """What application code asks of it."""

    @overload
    async def trigger(
        self,
        room_id: str,
        event: EventDefinition[Data],
        data: Data | Mapping[str, object],
        *,
        sender: str,
        meta: Mapping[str, object] | None = None,
        key: str | None = None,
        within: AsyncTransaction | None = None,
    ) -> Event[Data]: ...
    @overload
    async def trigger(
        self,
        room_id: str,
        event: str,
        data: object,
        *,
        sender: str,
        meta: Mapping[str, object] | None = None,
        key: str | None = None,
        within: AsyncTransaction | None = None,
    ) -> Event: ...
    async def trigger(
        self,
        room_id: str,
        event: EventDefinition[Any] | str,
        data: Any,
        *,
        sender: str,
        meta: Mapping[str, object] | None = None,
        key: str | None = None,
        within: AsyncTransaction | None = None,
    ) -> Event[Any]:
        """Publish an event and wait until it is kept; give it back with its `seq` and `timestamp_ms`.

        With `within`, an AsyncConnection or AsyncSession of SQLAlchemy to the same PostgreSQL database, it is kept in
        that transaction: it is seen when the application commits, and leaves no hole where it rolls back. No limit runs
        then, no handler is called, and no node has to run in this process. Raises Forbidden and TransactionConflict,
        too.

        `data` is an instance of the event's schema, or a mapping that makes one. With a `key` (1 to 64 characters, the
        sender's own) the event is kept once however often this is called; the first one is given back. Raises
        RoomNotFound, EventNotAllowed, InvalidEvent, InvalidRequest (a key that was used for another event), and
        Unavailable, which means: not kept, and never will be.
        """
        if within is None:
            return await self.room(room_id).trigger(event, data, sender=sender, meta=meta, key=key)
        publish = self.container.publish_within()
        return await publish(room_id, event, data, sender=sender, meta=meta, key=key, within=within)

    async def trigger_many(
        self, room_id: str, events: Iterable[SentEvent], *, sender: str, key: str | None = None
    ) -> list[Event[Any]]:
        """Publish several events in one transaction: all are kept, with seqs that follow one another, or none is.

        Each is `(event, data)` or `(event, data, meta)`, its event a definition or a name with history; 1 to 100 of
        them, together not larger than one frame. With a `key` they are kept once, as a whole. Raises what `trigger`
        raises; what is wrong with an event is named by its place, as in `events[2].data.text`.
        """
        return await self.room(room_id).trigger_many(events, sender=sender, key=key)

    @overload
    def publish_within(
        self,
        connection: Transaction,
        room_id: str,
        event: EventDefinition[Data],
        data: Data | Mapping[str, object],
        *,
        sender: str,
        meta: Mapping[str, object] | None = None,
        key: str | None = None,
    ) -> Event[Data]: ...
    @overload
    def publish_within(
        self,
        connection: Transaction,
        room_id: str,
        event: str,
        data: object,
        *,
        sender: str,
        meta: Mapping[str, object] | None = None,
        key: str | None = None,
    ) -> Event: ...
    def publish_within(
        self,
        connection: Transaction,
        room_id: str,
        event: EventDefinition[Any] | str,
        data: Any,
        *,
        sender: str,
        meta: Mapping[str, object] | None = None,
        key: str | None = None,
    ) -> Event[Any]:
        """As `trigger` with `within`, for code that is not asynchronous.

        `connection` is a Connection or Session of SQLAlchemy, with any driver, to the same PostgreSQL database.
        """
        publish = self.container.publish_within()
        return publish.sync(room_id, event, data, sender=sender, meta=meta, key=key, within=connection)

    async def redact(self, room_id: str, seq: int, *, by: str = SYSTEM) -> None:
        """Blank the event at `seq` for good, in the archive, in memory and at every member; `by` is told to them.

        Its place stays. Doing so twice is fine. Raises RoomNotFound, PositionUnknown where there is no such event (any
        more), and Unavailable.
        """
        await self.room(room_id).redact(seq, by=by)

    async def erase(
        self, user_id: str, *, by: str = SYSTEM, progress: Callable[[int, int], object] | None = None
    ) -> int:
        """Erase a user's data: blank every event that the user has sent, in every room, and forget who sent it.

        Works in bites, beside everything else; `progress(scanned, total)` is called after each. Gives back how many
        events were blanked. Interrupted, call it again. Raises Unavailable.
        """
        return await self.container.dialogue().erase(user_id, by=by, progress=progress)

    def room(self, room_id: str) -> RoomHandle:
        """A handle of a room: `history(event, start, end)`, `trigger`, `info`, `position`."""
        return RoomHandle(self.container.dialogue, room_id)

    async def create_room(
        self,
        room_id: str,
        name: str,
        *,
        description: str | None = None,
        max_size: int | None = None,
        event_names: Iterable[str] | None = None,
        created_by_id: str | None = None,
    ) -> RoomInfo:
        """Make a room at run time; `event_names` are some of those that `runtime_rooms` offers (None: all).

        Raises InvalidRequest with each argument that is wrong, Forbidden, RoomExists, EventNotAllowed and Unavailable.
        """
        names: Any = event_names
        if isinstance(event_names, Iterable) and not isinstance(event_names, str):
            names = tuple(event_names)
        room = StoredRoom(
            id=room_id,
            name=name,
            description=description,
            max_size=max_size,
            event_names=names,
            created_by_id=created_by_id,
        )
        return await self.container.dialogue().create_room(room)

    async def delete_room(self, room_id: str) -> None:
        """Delete a room made at run time, and its history. Raises RoomNotFound, Forbidden and Unavailable."""
        await self.container.dialogue().delete_room(room_id)

    def clients(self, user_id: str) -> list[Client]:
        """The user's connections to this node, in order of arrival; none where nobody is connected as this user."""
        return self.container.people().clients(user_id)

    def rooms_of(self, user_id: str) -> UserRooms:
        """The rooms of the user: `ids` on this node, `await everywhere()`, `await leave_all(reason)`."""
        return self.container.people().rooms_of(user_id)

    def is_in_room(self, user_id: str, room_id: str) -> bool:
        """Whether the user is in the room: on this node, or, as far as this node has heard, on another one."""
        return self.container.people().is_in_room(user_id, room_id)

    async def remove_from_room(self, user_id: str, room_id: str, reason: str = REASON) -> None:
        """Take the user out of the room, on every node; its clients are told why.

        It keeps nobody out. Raises Unavailable where the other nodes cannot be told; here it is done all the same.
        """
        await self.container.people().leave(user_id, room_id, reason)

    async def disconnect(self, user_id: str, reason: str = REASON) -> None:
        """End all connections and streams of the user, on every node, with close code 4403 and the reason. As above."""
        await self.container.people().disconnect(user_id, reason)
