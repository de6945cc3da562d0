"""An application that keeps its orders in the database of its history."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from pydantic import BaseModel, Field
from sqlalchemy import Engine, String, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import NullPool

from dialogue import DialogueApp, History, RoomConfig, RuntimeRooms, create_dialogue
from dialogue.domain.event_definition import define_event

PATIENCE_S = 60.0


class Order(BaseModel):
    """What the shop's members are told."""

    number: int
    receipt: str = Field(default_factory=lambda: uuid4().hex)


ordered = define_event("ordered", schema=Order, history=History(limit=10))


anything = define_event("anything", history=History(limit=0))


seen = define_event("seen")


class Base(DeclarativeBase):
    """The application's own tables."""


class OrderRow(Base):
    """An order, as the application keeps it."""

    __tablename__ = "orders"

    number: Mapped[int] = mapped_column(primary_key=True)
    buyer: Mapped[str] = mapped_column(String(100))


def shop(url: str) -> DialogueApp:
    """An application whose history is in the database at `url`."""
    events = [ordered, anything, seen]
    return create_dialogue(
        database=url,
        rooms={"shop": RoomConfig(name="Shop", events=events), "cellar": RoomConfig(name="Cellar", events=events)},
        runtime_rooms=RuntimeRooms(events=[ordered]),
    )


def engine_of(url: str) -> Engine:
    """The application's own engine, over another driver than Dialogue's."""
    return create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool)


async def kept(dialogue: DialogueApp, room_id: str = "shop") -> list[tuple[int | None, Any]]:
    """Seq and data of all events of a room, as this node shows them, oldest first."""
    await dialogue.container.apply().look(room_id)
    events = [*await dialogue.room(room_id).history(ordered), *await dialogue.room(room_id).history(anything)]
    return sorted((event.seq, event.json.get("number") if event.name == "ordered" else event.json) for event in events)
