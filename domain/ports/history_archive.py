"""The port through which events are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from ..draft_group import DraftGroup
from ..errors import DialogueError, InvalidEvent, Problem, Unavailable
from ..outcome import Appended
from ..position import Applied, RoomHead, StreamFloor
from ..retention import Retention


class SpoiledBatch(Exception):
    """A batch that the storage refused for what one of its groups holds, or meets there: nothing of it was kept.

    The journal splits it until only the guilty group is refused, with `refusal`: InvalidEvent, unless the trouble is
    the storage's own.
    """

    def __init__(self, why: str, refusal: DialogueError | None = None) -> None:
        super().__init__(why)
        self.refusal = refusal or InvalidEvent([Problem("data", "the storage cannot keep it")])


class HistoryWentBack(Unavailable):
    """The storage holds less of a room, or another life of it, than was seen of it before: the room begins anew."""

    def __init__(self, room_id: str) -> None:
        self.room_id = room_id
        super().__init__(f"The history of the room {room_id!r} is not the one that was there before: it begins anew")


class HistoryArchive(Protocol):
    """Keeps events and gives them their places.

    One journal writes at a time. What `append` answered for survives a kill of the process at any later moment, as far
    as the adapter says that it keeps anything at all. All methods raise Unavailable where the storage is out of reach.
    """

    async def open(self, room_id: str) -> RoomHead:
        """How far the room's history reaches; a room never seen before gets its first epoch here.

        May be called again at any time.
        """
        ...

    async def append(
        self, groups: Sequence[DraftGroup], applied: Mapping[str, Applied], now_ms: int
    ) -> Sequence[Appended]:
        """Keep `groups` in one transaction; the outcome of each, in the same order.

        All drafts have history. A group is kept wholly or not at all: as an Event for each draft, with the room's next
        seqs, one after the other, its streams' next event seqs, and one timestamp for all: `now_ms`, or the room's last
        one, or the one that `applied` has of the room, whichever is latest. A group whose epoch is not the room's own
        is RoomNotFound, one that the storage could not give back as it is is InvalidEvent; neither takes a number, and
        neither harms the others. Nothing is visible to any reader before all is kept.

        `applied` says how far the caller has applied the history of each room that it holds. Where the storage's head
        is smaller in the same life, or the life is another one, groups of that room are HistoryWentBack before anything
        is numbered; in the first case the room gets a new epoch in the same transaction, also where it has no group.

        A group whose key its sender has used in this life of the room, in the keeping time of keys, is a Repeat with
        the first one's place, or InvalidRequest where the digests differ; keys count within a batch too. A draft with a
        redaction blanks the event at its seq in the same transaction: PositionUnknown where there is none that was kept
        before this batch (a `dialogue.redacted` is none), Repeat where it is blank already.

        A group with a DraftByPattern whose name is new to the room's history, and would be one more than its
        `max_names`, is EventNotAllowed. The name of redactions does not count.

        Where others may lock rooms too, groups of a room that somebody else has locked are Held, and those of all other
        rooms are kept meanwhile; such an archive is a `WaitingArchive`.

        Raises Unavailable: then nothing of the batch is kept, and never will be. Raises SpoiledBatch: likewise, and
        parts of it may be tried again. Anything else means that the outcome is not known.
        """
        ...

    async def sweep(self, limit: int, now_ms: int) -> int:
        """Remove about `limit` events of earlier lives of rooms, and up to `limit` keys whose time is over.

        Of a deleted room that was neither made nor opened again all goes in the end: its streams and its marks as well,
        but not its epoch and head, of which the storage keeps those of the last rooms only. Gives back how many rows
        were removed: 0 means that none is left. Safe at any time; never touches what a reader may see.
        """
        ...

    async def expired(
        self, room_id: str, name: str, retention: Retention, now_ms: int, limit: int
    ) -> StreamFloor | None:
        """Where the stream is to begin when up to `limit` events that `retention` lets go are gone; None: none is.

        Ages are counted from the `now_ms` with which an event was appended, and not from its timestamp; see
        `Retention.floor`.

        Changes nothing.
        """
        ...

    async def trim(self, room_id: str, name: str, floor: StreamFloor) -> None:
        """Remove the stream's events up to `floor`, which `expired` has given, and let the stream begin there.

        Doing so twice is fine. Event seqs and seqs of what remains stay as they are.
        """
        ...


class WaitingArchive(HistoryArchive, Protocol):
    """An archive whose rooms somebody else may hold locked: another node, or a transaction of the application.

    Appends of different rooms may run beside one another here.
    """

    async def append(
        self, groups: Sequence[DraftGroup], applied: Mapping[str, Applied], now_ms: int, *, waits: bool = False
    ) -> Sequence[Appended]:
        """As `HistoryArchive.append`; where it `waits` and no room of the batch is free, it waits for one to be.

        It does so in the lock's queue, holding no other, and until the request's deadline. Groups of rooms that it has
        not got by then are Held. Of several rooms it waits for one, and only where all are locked by one transaction.
        """
        ...
