"""Taking away what a user has left, everywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...domain.draft import Draft
from ...domain.draft_group import DraftGroup
from ...domain.errors import DialogueError, PositionUnknown, RoomNotFound
from ...domain.ports.history_archive import HistoryArchive
from ...domain.ports.read_floors import ReadFloors
from ...domain.ports.read_marks import ReadMarks
from ...domain.ports.user_events import UserEvents
from ...domain.redaction import Redaction
from ..rooms.room_registry import RoomRegistry
from .journal import Journal
from .settled import settled_all

FOUND_AT_ONCE = 200
GONE = (PositionUnknown, RoomNotFound)
"""What an event is that went meanwhile, by retention or with its room: there is nothing left to erase."""

ErasureProgress = Callable[[int, int], object]


class EraseUser:
    """Blanks every event that a user has sent, and forgets that it was this user who sent it, what the user has
    read, and from where on.

    In bites, each of which goes through the journal as publishing does: members are told by events of the name
    `dialogue.redacted`, and others publish in between. Interrupted, it can be begun anew. What the user sends while it
    runs may stay: take the user's access away first.
    """

    def __init__(
        self,
        archive: HistoryArchive,
        registry: RoomRegistry,
        journal: Journal,
        user_events: UserEvents,
        marks: ReadMarks,
        floors: ReadFloors,
    ) -> None:
        self._archive = archive
        self._registry = registry
        self._journal = journal
        self._user_events = user_events
        self._marks = marks
        self._floors = floors

    async def __call__(self, user_id: str, *, by: str, progress: ErasureProgress | None = None) -> int:
        """Erase `user_id` on behalf of `by`; how many events were blanked.

        `progress(scanned, total)` is called after each bite. Raises Unavailable, and what an event met whose blanking
        was not seen: what was done until then stays done, and calling again finishes it.
        """
        await self._marks.forget(user_id)
        await self._floors.forget(user_id)
        blanked = 0
        cursor: str | None = ""
        while cursor is not None:
            found = await self._user_events.sent_by(user_id, cursor, FOUND_AT_ONCE)
            blanked += await self._blank(found.places, by)
            cursor = found.cursor
            if progress is not None:
                progress(found.scanned, found.total)
        return blanked

    async def _blank(self, places: Sequence[tuple[str, int]], by: str) -> int:
        epochs = {room_id: await self._epoch(room_id) for room_id in {room_id for room_id, _ in places}}
        redactions = [(room_id, Redaction(seq=seq, by=by, erases_sender=True)) for room_id, seq in places]
        outcomes = await settled_all(
            self._journal,
            [
                DraftGroup.of(Draft.of_redaction(redaction, room_id, epochs[room_id]))
                for room_id, redaction in redactions
            ],
        )
        blanked = 0
        failure: DialogueError | None = None
        for (room_id, redaction), outcome in zip(redactions, outcomes, strict=True):
            if isinstance(outcome, DialogueError):
                failure = failure if isinstance(outcome, GONE) else outcome
                continue
            history = self._registry.opened(room_id)
            if history is not None:
                history.forget_sender(redaction.seq)
            blanked += 1
        if failure is not None:
            raise failure
        return blanked

    async def _epoch(self, room_id: str) -> str:
        try:
            # Opened here, so that nobody who opens it meanwhile reads what is about to be blanked, and keeps it.
            _, history = await self._registry.open(room_id)
        except RoomNotFound:
            return (await self._archive.open(room_id)).epoch
        return history.epoch
