"""What the application's own code asks of a running node."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, overload

from ..domain.event import Event
from ..domain.event_definition import Data, EventDefinition
from ..domain.page import Offsets, PageRequest
from ..domain.ports.room_store import StoredRoom
from ..domain.position import Position
from .access.visibility import Visibility
from .arguments import (
    SYSTEM,
    SentEvent,
    ensure_integer,
    ensure_room,
    ensure_text,
    ensure_user_id,
    name_of,
    new_events,
    plain_data,
    plain_meta,
    typed,
)
from .node import Node
from .publishing.erase_user import EraseUser, ErasureProgress
from .publishing.publish_batch import PublishBatch
from .publishing.publish_event import PublishEvent
from .publishing.redact_event import RedactEvent
from .reading.page_history import PageHistory
from .rooms.manage_rooms import ManageRooms
from .rooms.room_registry import RoomRegistry
from .sessions.notice import RoomInfo


@dataclass(frozen=True, slots=True)
class Publishing:
    """The ways in which a room's history changes: one more event, or several, one less, none of a user's any more."""

    publish: PublishEvent
    publish_batch: PublishBatch
    redact: RedactEvent
    erase: EraseUser


class RoomHandle:
    """One room, for the application's own code; it may be kept over restarts."""

    __slots__ = ("_get_dialogue", "id")

    def __init__(self, dialogue: Callable[[], Dialogue], room_id: str) -> None:
        ensure_text("room_id", room_id)
        self._get_dialogue = dialogue
        self.id = room_id

    @property
    def _dialogue(self) -> Dialogue:
        return self._get_dialogue()

    @property
    def info(self) -> RoomInfo:
        """Its name, its size and the like, as they are now. Raises RoomNotFound."""
        return self._dialogue.manage.find(self.id)

    @overload
    async def history(self, event: EventDefinition[Data], start: int = 0, end: int = 50) -> list[Event[Data]]: ...
    @overload
    async def history(self, event: str, start: int = 0, end: int = 50) -> list[Event]: ...
    async def history(self, event: EventDefinition[Any] | str, start: int = 0, end: int = 50) -> list[Event[Any]]:
        """Events of one name, newest first: `start` counts from the newest, `end` is exclusive, at most 1,000 at once.

        Asked for by their definition, they have `data` as its schema reads it. Raises RoomNotFound, EventNotAllowed,
        InvalidRequest and Unavailable.
        """
        ensure_integer("start", start)
        ensure_integer("end", end)
        self._dialogue.node.ensure_started()
        request = PageRequest(room_id=self.id, event_name=name_of(event), form=Offsets(start, end))
        return [typed(found, event) for found in (await self._dialogue.pages(request)).events]

    async def position(self) -> Position:
        """Where a reader is who has seen all that was kept so far. Raises RoomNotFound and Unavailable."""
        self._dialogue.node.ensure_started()
        _, history = await self._dialogue.registry.open(self.id)
        return history.position

    @overload
    async def trigger(
        self,
        event: EventDefinition[Data],
        data: Data | Mapping[str, object],
        *,
        sender: str,
        meta: Mapping[str, object] | None = None,
        key: str | None = None,
    ) -> Event[Data]: ...
    @overload
    async def trigger(
        self,
        event: str,
        data: object,
        *,
        sender: str,
        meta: Mapping[str, object] | None = None,
        key: str | None = None,
    ) -> Event: ...
    async def trigger(
        self,
        event: EventDefinition[Any] | str,
        data: object,
        *,
        sender: str,
        meta: Mapping[str, object] | None = None,
        key: str | None = None,
    ) -> Event[Any]:
        """Publish an event here and wait until it is kept; see `DialogueApp.trigger`."""
        ensure_user_id("sender", sender)
        if key is not None:
            ensure_text("key", key)
        name, given, extra = name_of(event), plain_data(data), plain_meta(meta)
        self._dialogue.node.ensure_running()
        publish = self._dialogue.publishing.publish
        return typed(await publish(self.id, name, given, sender=sender, meta=extra, key=key), event)

    async def trigger_many(
        self, events: Iterable[SentEvent], *, sender: str, key: str | None = None
    ) -> list[Event[Any]]:
        """Publish several events here, all or none, and wait until they are kept; see `DialogueApp.trigger_many`."""
        ensure_user_id("sender", sender)
        if key is not None:
            ensure_text("key", key)
        sent = list(events)
        new = new_events(sent)
        self._dialogue.node.ensure_running()
        published = await self._dialogue.publishing.publish_batch(self.id, new, sender=sender, key=key)
        return [typed(event, each[0]) for event, each in zip(published.events, sent, strict=True)]

    async def redact(self, seq: int, *, by: str = SYSTEM) -> None:
        """Blank an event of this room for good; see `DialogueApp.redact`."""
        ensure_integer("seq", seq)
        ensure_user_id("by", by)
        self._dialogue.node.ensure_running()
        await self._dialogue.publishing.redact(self.id, seq, by=by)

    async def forget(self, user_id: str) -> None:
        """Forget from where on the user may read here: of a room with `history_visible="since_join"` the next join is a
        first one. Who is in the room stays as he is. Raises Unavailable."""
        ensure_user_id("user_id", user_id)
        self._dialogue.node.ensure_running()
        await self._dialogue.visibility.forget(user_id, self.id)


class Dialogue:
    """The calls for the application's own code; each raises Unavailable where the node does not run."""

    def __init__(
        self,
        node: Node,
        registry: RoomRegistry,
        publishing: Publishing,
        pages: PageHistory,
        manage: ManageRooms,
        visibility: Visibility,
    ) -> None:
        self.node = node
        self.registry = registry
        self.publishing = publishing
        self.pages = pages
        self.manage = manage
        self.visibility = visibility

    def room(self, room_id: str) -> RoomHandle:
        """A handle of a room, whether it is there or not."""
        return RoomHandle(lambda: self, room_id)

    async def erase(self, user_id: str, *, by: str = SYSTEM, progress: ErasureProgress | None = None) -> int:
        """Erase a user's data; see `DialogueApp.erase`."""
        ensure_user_id("user_id", user_id)
        ensure_user_id("by", by)
        self.node.ensure_running()
        return await self.publishing.erase(user_id, by=by, progress=progress)

    async def create_room(self, room: StoredRoom) -> RoomInfo:
        """Make a room at run time. Raises InvalidRequest, Forbidden, RoomExists, EventNotAllowed and Unavailable."""
        ensure_room(room)
        self.node.ensure_running()
        return await self.manage.create(room)

    async def delete_room(self, room_id: str) -> None:
        """Delete a room made at run time, and its history. Raises RoomNotFound, Forbidden and Unavailable."""
        ensure_text("room_id", room_id)
        self.node.ensure_running()
        await self.manage.delete(room_id)
