"""A client that reads what it is sent, in order, and holds it against the list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dialogue.application.sessions.frame import Frame
from dialogue.application.sessions.notice import Notice, TakenOut
from dialogue.application.sessions.session import Session
from dialogue.domain.event import Event
from dialogue.domain.names import REDACTED
from dialogue.domain.position import Position

from ..application.node import transport_of
from .life import Life, same
from .setting import NAMES


@dataclass(slots=True)
class Told(Frame):
    """A frame of live events."""

    events: Sequence[Event]


@dataclass(slots=True)
class Noticed(Frame):
    """A frame of what the server says of its own accord."""

    notice: Notice


@dataclass(slots=True)
class Arrived(Frame):
    """The answer to a join: the room as it is from here on.

    What was shown before goes, but where all that the client itself had missed was recovered.
    """

    life: Life
    names: frozenset[str]
    position: Position
    history: Sequence[Event]
    is_fresh: bool


@dataclass(slots=True)
class Chosen(Frame):
    """The answer to a choice of names (None: to leaving), given when the room's head was there."""

    names: frozenset[str] | None
    head: int


@dataclass(slots=True)
class Paged(Frame):
    """The answer to a request for history."""

    events: Sequence[Event]


class FrameCodec:
    """Frames that hold the events themselves."""

    def events(self, room_id: str, events: Sequence[Event]) -> list[Frame]:
        return [Told(b"events", tuple(events))]

    def notice(self, notice: Notice) -> Frame:
        return Noticed(b"notice", notice)


class Client:
    """A program that follows the room: what it is subscribed to, its cursor, and what it shows.

    `reached` is the seq up to which it has been given all that it is to have; the cursor is the protocol's own.
    """

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.names: frozenset[str] = frozenset(NAMES)
        self.cursor: Position | None = None
        self.life: Life | None = None  # that of the room which it is in
        self.reached = 0
        self.shown: dict[int, Event] = {}
        self.awaited: list[int] = []  # events without history, by what they hold
        self.is_dawdling = False  # it reads later

    def connect(self, session: Session) -> None:
        """Have a new connection."""
        self.session = session
        self.life = None
        self.awaited = []

    @property
    def is_in(self) -> bool:
        """Whether the server has it in the room."""
        return bool(self.session.memberships)

    async def read(self, *, was_killed: bool = False) -> None:
        """Read all that waits, and check that nothing is missing.

        A server that was killed may have kept what it told nobody.
        """
        for frame in transport_of(self.session).read():
            self._read(frame)
        if self.life is None or was_killed:
            return
        self._ensure_reached(self.life.head)
        assert not self.awaited, f"{self.user_id} never got {self.awaited}"
        for event in self.shown.values():
            assert event.is_redacted or event.place not in self.life.blanked, f"{event} was taken back"

    def _read(self, item: Frame) -> None:
        match item:
            case Told(events=events):
                for event in events:
                    self._take(event)
            case Arrived():
                self._arrive(item)
            case Chosen(names=names, head=head):
                self._ensure_reached(head)
                self.reached = head
                if names is None:
                    self.life = None
                else:
                    self.names = names
            case Paged(events=events):
                for event in events:
                    is_ahead = self.life is not None and event.name in self.names and event.place > self.reached
                    assert not is_ahead, f"a page holds {event}, and {self.reached} was reached"
            case Noticed(notice=TakenOut()):
                assert self.life is not None
                if not self.life.is_cut_short:
                    self._ensure_reached(self.life.head)
                self.life = None

    def _take(self, event: Event) -> None:
        assert self.life is not None, f"{event} came outside of the room"
        assert event.name in self.names or event.name == REDACTED, f"{event} was not subscribed to"
        if event.seq is None:
            assert event.data in self.awaited, f"{event} came twice, or too early"
            self.awaited.remove(event.data)
            return
        wanted = self.life.next_told(self.reached, self.names | {REDACTED})
        assert wanted is not None, f"{event} came, where nothing is to come"
        assert same(event, wanted), f"{event} came, where {wanted} is next"
        self.reached = event.place
        self.cursor = Position(epoch=self.life.epoch, seq=event.place)
        self._show(event)

    def _arrive(self, answer: Arrived) -> None:
        self.life, self.names = answer.life, answer.names
        self.reached = answer.position.seq
        self.cursor = answer.position
        if answer.is_fresh:
            self.shown.clear()
        for event in reversed(answer.history):
            self._show(event)

    def _show(self, event: Event) -> None:
        self.shown[event.place] = event
        target = event.data["seq"] if event.name == REDACTED else None
        if target in self.shown:
            del self.shown[target]

    def _ensure_reached(self, head: int) -> None:
        assert self.life is not None
        missed = self.life.next_told(self.reached, self.names | {REDACTED}, head)
        assert missed is None, f"{self.user_id} never got {missed}"
