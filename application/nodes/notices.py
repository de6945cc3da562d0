"""What nodes tell one another, and how it is written: UTF-8 JSON without NUL, in notices of a bounded size.

Nothing here must arrive. A node that does not know a kind of news yet passes over it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Raw, Struct

from ...domain.event import Event
from ...domain.position import Position


class RoomMoved(Struct, frozen=True, array_like=True, tag="moved"):
    """Events were kept in a room, up to that head."""

    room_id: str
    epoch: str
    head: int


class RoomsChanged(Struct, frozen=True, array_like=True, tag="rooms"):
    """Rooms were made or deleted."""


NO_META = Raw(b"null")


class PassedEvent(Struct, frozen=True, array_like=True):
    """An event without history."""

    name: str
    sender: str
    timestamp_ms: int
    payload: Raw
    meta: Raw = NO_META


class EventPassed(Struct, frozen=True, array_like=True, tag="passed"):
    """An event without history was sent on in a room, when its head was that."""

    room_id: str
    epoch: str
    head: int
    event: PassedEvent

    @classmethod
    def of(cls, event: Event, behind: Position) -> EventPassed:
        """What tells of `event`, which was sent on behind that place."""
        meta = NO_META if event.meta is None else Raw(event.meta)
        passed = PassedEvent(event.name, event.sender, event.timestamp_ms, Raw(event.payload), meta)
        return cls(event.room_id, behind.epoch, behind.seq, passed)

    @property
    def behind(self) -> Position:
        """The place behind which it was sent on."""
        return Position(epoch=self.epoch, seq=self.head)

    @property
    def told(self) -> Event:
        """The event."""
        event = self.event
        meta = bytes(event.meta)
        return Event(
            room_id=self.room_id,
            name=event.name,
            payload=bytes(event.payload),
            sender=event.sender,
            timestamp_ms=event.timestamp_ms,
            meta=None if meta == bytes(NO_META) else meta,
            epoch=self.epoch,
        )


class UserRead(Struct, frozen=True, array_like=True, tag="read"):
    """A user has read a room up to that seq."""

    user_id: str
    room_id: str
    seq: int
    unread: int


class CrowdsChanged(Struct, frozen=True, array_like=True, tag="crowds"):
    """It has changed who is in these rooms."""

    room_ids: tuple[str, ...]


News = CrowdsChanged | RoomMoved | RoomsChanged | EventPassed | UserRead


class Notice(Struct, frozen=True, array_like=True):
    """News of the node `origin`, in its own order: each of its notices has a larger number than those before."""

    origin: str
    number: int
    news: list[Raw]

    def __iter__(self) -> Iterator[News]:
        """The news that this node understands, in order."""
        for each in self.news:
            try:
                yield _NEWS.decode(each)
            except msgspec.ValidationError:
                continue


_NOTICE = msgspec.json.Decoder(Notice)
_NEWS: msgspec.json.Decoder[News] = msgspec.json.Decoder(News)
_ENCODER = msgspec.json.Encoder()
_LARGEST_NUMBER = 2**63


def decoded(notice: bytes) -> Notice | None:
    """The notice; None where it is none that this node understands."""
    try:
        return _NOTICE.decode(notice)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def encoded_news(news: News) -> bytes:
    """One piece of news."""
    return _ENCODER.encode(news)


def overhead(origin: str) -> int:
    """How many bytes a notice of that node has beside its news, at most."""
    return len(_ENCODER.encode(Notice(origin, _LARGEST_NUMBER, [])))


def packed(news: Iterable[bytes], max_size: int) -> Iterator[list[Raw]]:
    """Encoded news, in order, in as few notices as hold it with `max_size` bytes each; one that is too large is left
    out."""
    pack: list[Raw] = []
    size = 0
    for each in news:
        if len(each) > max_size:
            continue
        if pack and size + len(each) + 1 > max_size:
            yield pack
            pack, size = [], 0
        pack.append(Raw(each))
        size += len(each) + 1
    if pack:
        yield pack


def encoded(origin: str, number: int, news: list[Raw]) -> bytes:
    """A notice."""
    return _ENCODER.encode(Notice(origin, number, news))
