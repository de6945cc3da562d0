"""Gives the groups of a batch their places, from what is known of their rooms."""

from __future__ import annotations

from collections.abc import Sequence

from ...domain.draft import Draft
from ...domain.draft_group import DraftGroup, too_many_names
from ...domain.errors import InvalidEvent, Problem, RoomNotFound
from ...domain.event import Event
from ...domain.names import REDACTED
from ...domain.outcome import Appended, GroupOutcome
from ...domain.ports.history_archive import HistoryWentBack
from ...domain.position import Applied
from .batch import Batch, Facts, HeadRow, KnownRoom, Numbered, Writes
from .batch_keys import BatchKeys
from .room_head import new_epoch
from .tombstones import Tombstones


class _Room:
    """A room while a batch is numbered."""

    def __init__(self, found: KnownRoom, applied: Applied | None, now_ms: int) -> None:
        self.found = found
        self.epoch, self.head, self.last_timestamp, self._stamp = found.row
        self._next_epoch = self.epoch
        self.time_ms = max(self.last_timestamp, 0 if applied is None else applied.last_timestamp_ms, now_ms)
        self.went_back = applied is not None and not applied.goes_on_at(self.epoch, self.head)
        if applied is not None and self.went_back and applied.epoch == self.epoch:
            self._next_epoch = new_epoch()
            self.stamp()

    @property
    def known(self) -> KnownRoom:
        """The room as it is now."""
        return KnownRoom(self.row, self.found.floor)

    @property
    def row(self) -> HeadRow:
        """Its row as it is to be written."""
        return HeadRow(self._next_epoch, self.head, self.last_timestamp, self._stamp)

    def stamp(self) -> None:
        """Let readers see that something has changed which was there before."""
        self._stamp = self.found.row.stamp + 1


def number_batch(batch: Batch, facts: Facts) -> Numbered:
    """The outcome of each group of `batch`, and all that has to be written for it."""
    numbered = _Numbering(batch, facts).numbered()
    if numbered.writes.streams.keys() <= facts.streams.keys():
        return numbered  # as nearly always: no name is new, so there are none too many
    return _Numbering(batch, facts, counts_names=True).numbered()


class _Numbering:
    def __init__(self, batch: Batch, facts: Facts, *, counts_names: bool = False) -> None:
        self._batch = batch
        self._counts_names = counts_names
        self._held = facts.held
        self._rooms = {id_: _Room(found, batch.applied.get(id_), batch.now_ms) for id_, found in facts.rooms.items()}
        self._heads = facts.streams
        self._count_names = facts.count_names
        self._streams: dict[tuple[str, str], int] = {}
        self._keys = BatchKeys(facts.keys, batch.now_ms - batch.key_ttl_ms)
        self._tombstones = Tombstones(facts.targets)
        self._events: list[Event] = []
        self._may_be_flawed = not _is_unicode([draft for group in batch.groups for draft in group.drafts])

    def numbered(self) -> Numbered:
        outcomes = [self._place(group) for group in self._batch.groups]
        writes = Writes(
            rooms={id_: row for id_, room in self._rooms.items() if (row := room.row) != room.found.row},
            events=self._events,
            arrived_ms=self._batch.now_ms,
            streams=self._streams,
            keys=self._keys.new,
            tombstones=self._tombstones.made,
        )
        return Numbered(outcomes=outcomes, writes=writes)

    def _place(self, group: DraftGroup) -> Appended:
        first = group.drafts[0]
        room_id, redaction = first.room_id, first.redaction
        room = self._rooms.get(room_id)
        if room is None:
            return self._held.get(room_id) or RoomNotFound(room_id)
        if room.epoch != first.epoch:
            return RoomNotFound(room_id)
        if room.went_back:
            return HistoryWentBack(room_id)
        if self._may_be_flawed and (flaws := [flaw for draft in group.drafts if (flaw := _flaw(draft)) is not None]):
            return InvalidEvent(flaws)
        done: GroupOutcome | None = None if group.key is None else self._keys.outcome(group)
        if done is None and redaction is not None:
            done = self._tombstones.outcome(room_id, room.known, redaction)
            if (room_id, redaction.seq) in self._tombstones.made:
                room.stamp()  # also where no event tells it: a sender forgotten
        if done is None and self._counts_names:
            done = too_many_names(group, self._is_known, self._names_of)
        return self._number(group, room) if done is None else done

    def _is_known(self, draft: Draft) -> bool:
        stream = draft.room_id, draft.name
        return stream in self._heads or stream in self._streams

    def _names_of(self, room_id: str) -> int:
        new = (name for of_room, name in self._streams.keys() - self._heads.keys() if of_room == room_id)
        return self._count_names(room_id) + sum(name != REDACTED for name in new)

    def _number(self, group: DraftGroup, room: _Room) -> tuple[Event, ...]:
        room.last_timestamp = time_ms = room.time_ms
        streams = self._streams
        begin = len(self._events)
        for draft in group.drafts:
            stream = draft.room_id, draft.name
            event_seq = (streams.get(stream) or self._heads.get(stream, 0)) + 1
            streams[stream] = event_seq
            room.head = seq = room.head + 1
            self._events.append(draft.kept(timestamp_ms=time_ms, seq=seq, event_seq=event_seq))
        events = tuple(self._events[begin:])
        if group.key is not None:
            self._keys.add(group, events[0])
        return events


def _is_unicode(drafts: Sequence[Draft]) -> bool:
    """Whether none of them has a flaw, found out for all at once; the line breaks keep what is torn in one torn."""
    try:
        b"\n".join([draft.payload for draft in drafts]).decode()
        b"\n".join([draft.meta for draft in drafts if draft.meta]).decode()
        "".join([draft.name + draft.sender for draft in drafts]).encode()
    except UnicodeError:
        return False
    return True


def _flaw(draft: Draft) -> Problem | None:
    """What no database could take, so that it fails for itself and not for its batch."""
    try:
        draft.payload.decode()
        (draft.meta or b"").decode()
        (draft.name + draft.sender).encode()
    except UnicodeError as error:
        return Problem("data", f"must be valid Unicode: {error.reason if hasattr(error, 'reason') else error}")
    return None
