"""The face of the running system, for the application's own code."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from anyio import CancelScope

from ..domain.errors import Unavailable
from ..domain.event import Event
from ..domain.event_definition import EventDefinition
from ..domain.page import Offsets, PageRequest
from ..domain.ports.room_store import StoredRoom
from ..domain.position import Position
from .background import background_tasks
from .feed.hub import Hub
from .feed.listeners import Listeners
from .feed.tell_evictions import TellEvictions
from .publishing.erase_user import EraseUser, Progress
from .publishing.journal import Journal
from .publishing.publish_event import PublishEvent
from .publishing.redact_event import RedactEvent
from .reading.page_history import PageHistory
from .rooms.idle_rooms import IdleRooms
from .rooms.manage_rooms import ManageRooms
from .rooms.room_registry import RoomRegistry
from .rooms.sweeper import Sweeper
from .sessions.frame import GOING_AWAY
from .sessions.notice import RoomInfo
from .sessions.session import Session

SYSTEM = "system"
"""On whose behalf the application acts, where it names nobody."""


class RoomHandle:
    """One room, for the application's own code."""

    __slots__ = ("_dialogue", "id")

    def __init__(self, dialogue: Dialogue, room_id: str) -> None:
        self._dialogue = dialogue
        self.id = room_id

    @property
    def info(self) -> RoomInfo:
        """Its name, its size and the like, as they are now. Raises RoomNotFound."""
        return self._dialogue.manage.find(self.id)

    async def history(self, event: EventDefinition | str, start: int = 0, end: int = 50) -> list[Event]:
        """Events of one name, newest first: `start` counts from the newest, `end` is exclusive, at most 1,000 at once.

        Raises RoomNotFound, EventNotAllowed, InvalidRequest and Unavailable.
        """
        self._dialogue.ensure_started()
        request = PageRequest(room_id=self.id, event_name=name_of(event), form=Offsets(start, end))
        return list((await self._dialogue.pages(request)).events)

    async def position(self) -> Position:
        """Where a reader is who has seen all that was kept so far. Raises RoomNotFound and Unavailable."""
        self._dialogue.ensure_started()
        _, history = await self._dialogue.registry.open(self.id)
        return history.position

    async def trigger(
        self,
        event: EventDefinition | str,
        data: object,
        *,
        sender: str,
        meta: Mapping[str, object] | None = None,
        key: str | None = None,
    ) -> Event:
        """Publish an event here and wait until it is kept; see `DialogueApp.trigger`."""
        self._dialogue.ensure_running()
        return await self._dialogue.publish(self.id, name_of(event), data, sender=sender, meta=meta, key=key)

    async def redact(self, seq: int, *, by: str = SYSTEM) -> None:
        """Blank an event of this room for good; see `DialogueApp.redact`."""
        self._dialogue.ensure_running()
        await self._dialogue.redact(self.id, seq, by=by)


class Dialogue:
    """The services of one running node, and their start and stop."""

    def __init__(
        self,
        *,
        registry: RoomRegistry,
        journal: Journal,
        hub: Hub,
        publish: PublishEvent,
        pages: PageHistory,
        manage: ManageRooms,
        redact: RedactEvent,
        erase: EraseUser,
        listeners: Listeners,
        sweeper: Sweeper,
        idle_rooms: IdleRooms,
        evictions: TellEvictions,
    ) -> None:
        self.registry = registry
        self.publish = publish
        self.pages = pages
        self.manage = manage
        self.redact = redact
        self._erase = erase
        self._journal = journal
        self._hub = hub
        self._listeners = listeners
        self._sweeper = sweeper
        self._idle_rooms = idle_rooms
        self._evictions = evictions
        self._is_running = False

    def room(self, room_id: str) -> RoomHandle:
        """A handle of a room, whether it is there or not."""
        return RoomHandle(self, room_id)

    async def erase(self, user_id: str, *, by: str = SYSTEM, progress: Progress | None = None) -> int:
        """Erase a user's data; see `DialogueApp.erase`."""
        self.ensure_running()
        return await self._erase(user_id, by=by, progress=progress)

    async def create_room(self, room: StoredRoom) -> RoomInfo:
        """Make a room at run time. Raises Forbidden, RoomExists, EventNotAllowed and Unavailable."""
        return await self.manage.create(room)

    async def delete_room(self, room_id: str, *, user_id: str | None = None, by: Session | None = None) -> None:
        """Delete a room made at run time, and its history, on behalf of a user or (None) of the application.

        Raises RoomNotFound, Forbidden and Unavailable.
        """
        await self.manage.delete(room_id, user_id=user_id, by=by)
        self._sweeper.wake()

    def ensure_running(self) -> None:
        """Raise Unavailable where the node was not started, or takes no more events."""
        self.ensure_started()
        if self._journal.is_stopping:
            raise Unavailable("The server is going down")

    def ensure_started(self) -> None:
        """Raise Unavailable where the node was not started: nobody would keep what it is given."""
        if not self._is_running:
            raise Unavailable(
                "This Dialogue was not started: the app that it is mounted in must enter its lifespan, "
                "as in Starlette(lifespan=dialogue.lifespan)"
            )

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Run the journal, the listeners and the sweeper for as long as the context lasts; then stop cleanly.

        So it does where it is cancelled, too. What the context's own body raises passes through as it is.
        """
        await self.registry.load()
        async with background_tasks() as background:
            background.start_soon(self._listeners.run)
            background.start_soon(self._sweeper.run)
            background.start_soon(self._idle_rooms.run)
            background.start_soon(self._evictions.run)
            background.start_soon(self._keep)
            self._is_running = True
            try:
                yield
            finally:
                with CancelScope(shield=True):
                    await self.stop()
                    await self._listeners.finish()

    async def _keep(self) -> None:
        # Whoever cancels the context from outside must not cancel the journal: the stop waits for what it holds.
        with CancelScope(shield=True):
            await self._journal.run()

    async def drain(self) -> None:
        """Stop, and wait until every connection has been sent what waited for it and its close."""
        await self.stop()
        await self._hub.emptied()

    async def stop(self) -> None:
        """Take no more events, have all that wait kept and answered, and close every session with 1001.

        Returns when the journal is empty; the sessions' writers still send what waits. May be called twice.
        """
        await self._journal.stop()
        self._hub.close_all(GOING_AWAY)


def name_of(event: EventDefinition | str) -> str:
    """The name of a definition, or the name itself."""
    return event if isinstance(event, str) else event.name
