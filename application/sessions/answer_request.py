"""How the requests of a connected session are answered, but for those that publish."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...domain.errors import EventNotAllowed, InvalidRequest
from ...domain.ports.room_store import StoredRoom
from ..access.access import Access
from ..reading.mark_read import MarkRead
from ..reading.page_history import PageHistory
from ..rooms.list_rooms import ListRooms
from ..rooms.manage_rooms import ManageRooms
from ..rooms.tell_members import TellMembers
from .answers import Answer, Left, Pong, Subscribed
from .join_room import JoinRoom
from .notice import Marked, RoomCreated, RoomDeleted, RoomInfo
from .requests import (
    CreateRoom,
    DeleteRoom,
    GetHistory,
    GetMembers,
    GetRooms,
    Join,
    Leave,
    MarkAsRead,
    Ping,
    Subscribe,
    Unsubscribe,
)
from .session import Membership, Session

Reply = Callable[[Answer], None]
Answerable = (
    Join
    | Leave
    | Subscribe
    | Unsubscribe
    | GetHistory
    | MarkAsRead
    | GetMembers
    | GetRooms
    | CreateRoom
    | DeleteRoom
    | Ping
)


@dataclass(frozen=True, slots=True)
class RoomServices:
    """What answers requests about rooms as such: which there are, making and deleting them, who is in them."""

    list: ListRooms
    manage: ManageRooms
    members: TellMembers


class AnswerRequest:
    """Has each request done by the service that it is for, and replies."""

    def __init__(
        self,
        join: JoinRoom,
        pages: PageHistory,
        mark_read: MarkRead,
        rooms: RoomServices,
        access: Access,
    ) -> None:
        self._join = join
        self._pages = pages
        self._mark_read = mark_read
        self._rooms = rooms
        self._access = access

    async def __call__(self, session: Session, request: Answerable, reply: Reply) -> None:
        """Do what is asked and `reply` once. Raises the DialogueError that refuses it."""
        match request:
            case Join(room_id=room_id, events=events, since=since):
                reply(await self._join(session, room_id, events=events, since=since))
                self._join.release(session, room_id)
            case GetHistory(page=page):
                membership = await self._ensure_reads(session, page.room_id)
                reply(await self._pages(page, membership.floor))
            case MarkAsRead(room_id=room_id, seq=seq):
                await self._ensure_reads(session, room_id)
                mark = await self._mark_read(session, room_id, seq)
                reply(Marked(room_id=room_id, seq=mark.seq, unread=mark.unread))
            case GetMembers(room_id=room_id):
                await self._ensure_reads(session, room_id)
                reply(await self._rooms.members.list(room_id))
            case GetRooms(cursor=cursor, limit=limit):
                reply(await self._rooms.list(session.identity, cursor, limit))
            case CreateRoom():
                reply(RoomCreated(await self._create(session, request)))
            case DeleteRoom(room_id=room_id):
                await self._rooms.manage.delete(room_id, identity=session.identity, by=session)
                reply(RoomDeleted(room_id))
            case Subscribe(room_id=room_id, events=events):
                await self._ensure_reads(session, room_id)
                reply(Subscribed(room_id, self._join.subscribe(session, room_id, events)))
            case _:
                reply(self._at_once(session, request))

    async def _ensure_reads(self, session: Session, room_id: str) -> Membership:
        membership = session.membership(room_id)
        await self._access.ensure(session.identity, "read", room_id)
        return membership

    def _at_once(self, session: Session, request: Leave | Unsubscribe | Ping) -> Answer:
        match request:
            case Leave(room_id=room_id):
                self._join.leave(session, room_id)
                return Left(room_id)
            case Unsubscribe(room_id=room_id, events=events):
                return Subscribed(room_id, self._join.unsubscribe(session, room_id, events))
            case Ping():
                return Pong()

    async def _create(self, session: Session, wanted: CreateRoom) -> RoomInfo:
        await self._access.ensure(session.identity, "create", wanted.id)
        stored = StoredRoom(
            id=wanted.id,
            name=wanted.name,
            description=wanted.description,
            max_size=wanted.max_size,
            event_names=None if wanted.events is None else tuple(wanted.events),
            created_by_id=session.user_id,
        )
        try:
            return await self._rooms.manage.create(stored, by=session)
        except EventNotAllowed as error:
            raise InvalidRequest.field("room.events", error.message) from error
