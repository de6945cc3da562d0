"""The tables. `messages` is the seed's with three columns more; all others begin with `dialogue_`.

Migrations make them; these classes say what they look like now.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    Boolean,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    text,
)
from sqlalchemy.orm import registry
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, SQLModel

from .arrival import Arrival, NowUtc
from .raw_json import JsonText, RawJson

WITHOUT_ROWID = {"sqlite_with_rowid": False}


def id_text(length: int) -> TypeEngine[str]:
    """An id or a name, in order of its code points, as in Python and in SQLite: locks are taken in this order."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


class Row(SQLModel, registry=registry()):
    """The base of all rows, with tables of its own apart from those of the application around."""


class MessageRow(Row, table=True):
    """An event; `event_data` is NULL only in a tombstone, and `created_at` is what the clock said when it came."""

    __tablename__ = "messages"
    __table_args__ = (
        Index("ux_messages_room_seq", "room_id", "seq", unique=True),
        Index("ux_messages_stream_seq", "room_id", "event_name", "event_seq", unique=True),
        Index("ix_messages_stream", "room_id", "event_name", "seq"),
        Index("ix_messages_time", "room_id", "timestamp"),
        Index("ix_messages_sender", "from_user", "room_id", "event_name", "event_seq"),
    )

    id: int | None = Field(
        default=None, sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True)
    )
    room_id: str = Field(sa_column=Column(id_text(255), nullable=False))
    event_name: str = Field(sa_column=Column(id_text(100), nullable=False))
    event_data: bytes | None = Field(default=None, sa_column=Column(RawJson))
    from_user: str = Field(sa_column=Column(id_text(255), nullable=False))
    timestamp: int = Field(sa_column=Column(BigInteger, nullable=False))
    created_at: int | None = Field(default=None, sa_column=Column(Arrival, server_default=NowUtc()))
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    event_seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    meta: bytes | None = Field(default=None, sa_column=Column(RawJson))


class RoomRow(Row, table=True):
    """How far a room's history reaches, and of a room made at run time all that re-creates it.

    Events with seq ≤ `floor` are gone for every reader, those with seq ≤ `swept` from the disk too. `stamp` grows with
    everything that changes what was there before; an append alone moves `head`. `ended` is the number of a deleted room
    among the deleted ones; NULL where the room was made anew, or is the application's. `created_by` is who made it at
    run time.
    """

    __tablename__ = "dialogue_rooms"
    __table_args__ = (
        # Holds only rooms that have something to be swept.
        Index(
            "ix_dialogue_rooms_unswept",
            "room_id",
            sqlite_where=text("swept < floor"),
            postgresql_where=text("swept < floor"),
        ),
        Index(
            "ix_dialogue_rooms_ended",
            "ended",
            sqlite_where=text("ended IS NOT NULL"),
            postgresql_where=text("ended IS NOT NULL"),
        ),
        # Holds only rooms that were made at run time, which are counted where one more is made.
        Index(
            "ix_dialogue_rooms_made",
            "created_by",
            sqlite_where=text("definition IS NOT NULL"),
            postgresql_where=text("definition IS NOT NULL"),
        ),
        WITHOUT_ROWID,
    )

    room_id: str = Field(sa_column=Column(id_text(255), primary_key=True))
    epoch: str = Field(sa_column=Column(String(64), nullable=False))
    head: int = Field(sa_column=Column(BigInteger, nullable=False))
    floor: int = Field(sa_column=Column(BigInteger, nullable=False))
    swept: int = Field(sa_column=Column(BigInteger, nullable=False))
    last_timestamp: int = Field(sa_column=Column(BigInteger, nullable=False))
    definition: bytes | None = Field(default=None, sa_column=Column(RawJson().with_variant(JsonText(), "postgresql")))
    stamp: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default=text("0")))
    ended: int | None = Field(default=None, sa_column=Column(BigInteger))
    created_by: str | None = Field(default=None, sa_column=Column(id_text(255)))


class StreamRow(Row, table=True):
    """How far a stream reaches, by event seq; `floor_seq` is its floor as a seq of the room.

    `told` is the event seq up to which the application's `on_cleanup` was told of evicted events.
    """

    __tablename__ = "dialogue_streams"
    __table_args__ = WITHOUT_ROWID

    room_id: str = Field(sa_column=Column(id_text(255), primary_key=True))
    event_name: str = Field(sa_column=Column(id_text(100), primary_key=True))
    head: int = Field(sa_column=Column(BigInteger, nullable=False))
    floor: int = Field(sa_column=Column(BigInteger, nullable=False))
    floor_seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    told: int | None = Field(default=None, sa_column=Column(BigInteger))


class KeyRow(Row, table=True):
    """An idempotency key, what it was first used for (`digest` of event, data and meta), and what was answered.

    `key_id` is a hash of room, epoch, sender and key: one column, which many can be looked up by in one seek each.
    """

    __tablename__ = "dialogue_keys"
    __table_args__ = (Index("ix_dialogue_keys_timestamp", "timestamp"), WITHOUT_ROWID)

    key_id: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    timestamp: int = Field(sa_column=Column(BigInteger, nullable=False))


class WriterRow(Row, table=True):
    """A journal's own row: the number of its last batch that was committed."""

    __tablename__ = "dialogue_writers"

    writer_id: str = Field(sa_column=Column(id_text(64), primary_key=True))
    batch: int = Field(sa_column=Column(BigInteger, nullable=False))


class NodeRow(Row, table=True):
    """A server that runs over this database; `seen_at` is when it last noted that it does.

    `is_durable` says that all it answered for survives a power cut; where it is not, and the server did not stop
    cleanly, its tail may be lost.
    """

    __tablename__ = "dialogue_nodes"

    node_id: str = Field(sa_column=Column(id_text(64), primary_key=True))
    started_at: datetime | None = Field(
        default=None, sa_column=Column(TIMESTAMP, nullable=False, server_default=NowUtc())
    )
    seen_at: datetime | None = Field(default=None, sa_column=Column(TIMESTAMP))
    is_durable: bool = Field(sa_column=Column(Boolean, nullable=False))


class ReadMarkRow(Row, table=True):
    """How far a user has read in a room; the seqs of a room go on through all of its lives."""

    __tablename__ = "dialogue_read_marks"
    __table_args__ = (Index("ix_dialogue_read_marks_room", "room_id"), WITHOUT_ROWID)

    user_id: str = Field(sa_column=Column(id_text(255), primary_key=True))
    room_id: str = Field(sa_column=Column(id_text(255), primary_key=True))
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))


class ReadFloorRow(Row, table=True):
    """From where on a user may read in one life of a room."""

    __tablename__ = "dialogue_read_floors"
    __table_args__ = (Index("ix_dialogue_read_floors_user", "user_id"), WITHOUT_ROWID)

    room_id: str = Field(sa_column=Column(id_text(255), primary_key=True))
    user_id: str = Field(sa_column=Column(id_text(255), primary_key=True))
    epoch: str = Field(sa_column=Column(String(64), nullable=False))
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))


# Core statements over the tables themselves: selecting the classes would go through the ORM, which costs more than the
# database does.
metadata = Row.metadata
messages: Table = metadata.tables["messages"]
rooms: Table = metadata.tables["dialogue_rooms"]
streams: Table = metadata.tables["dialogue_streams"]
keys: Table = metadata.tables["dialogue_keys"]
writers: Table = metadata.tables["dialogue_writers"]
nodes: Table = metadata.tables["dialogue_nodes"]
read_marks: Table = metadata.tables["dialogue_read_marks"]
read_floors: Table = metadata.tables["dialogue_read_floors"]
