"""Numbering a batch, without a database."""

from __future__ import annotations

from dialogue.adapters.sqlmodel.batch import Batch, Facts, HeadRow, KnownRoom, Target, Tombstone
from dialogue.adapters.sqlmodel.number_batch import number_batch
from dialogue.domain.draft import Draft
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.errors import InvalidEvent, RoomNotFound
from dialogue.domain.event import Event
from dialogue.domain.outcome import Held, Repeat
from dialogue.domain.redaction import ERASED, Redaction


def group(room_id: str, name: str = "message") -> DraftGroup:
    return DraftGroup.of(Draft(room_id=room_id, epoch="one", name=name, payload=b"1", sender="ada"))


def redaction(seq: int, *, erases_sender: bool = False) -> DraftGroup:
    told = Redaction(seq=seq, by="mod", erases_sender=erases_sender)
    return DraftGroup.of(Draft.of_redaction(told, "a", "one"))


def batch(*groups: DraftGroup) -> Batch:
    return Batch(groups=groups, applied={}, now_ms=7, key_ttl_ms=1)


def room(head: int = 0, *, stamp: int = 0) -> KnownRoom:
    return KnownRoom(HeadRow("one", head, 5, stamp))


def test_a_held_room_takes_no_number_and_one_that_is_neither_there_nor_held_is_gone() -> None:
    facts = Facts(rooms={"a": room(3)}, streams={("a", "message"): 2}, held={"b": Held("7")})
    numbered = number_batch(batch(group("b"), group("a"), group("c")), facts)
    held, kept, gone = numbered.outcomes
    assert held == Held("7")
    assert isinstance(gone, RoomNotFound)
    assert isinstance(kept, tuple)
    assert [(event.seq, event.event_seq, event.timestamp_ms) for event in kept] == [(4, 3, 7)]
    assert numbered.writes.rooms == {"a": HeadRow("one", 4, 7, 0)}
    assert numbered.writes.streams == {("a", "message"): 3}


def test_nothing_is_written_of_a_room_in_which_nothing_changes() -> None:
    foreign = DraftGroup.of(Draft(room_id="a", epoch="another", name="message", payload=b"1", sender="ada"))
    writes = number_batch(batch(foreign), Facts(rooms={"a": room(3)})).writes
    assert not writes.rooms
    assert not writes.events


def test_an_event_is_blanked_once_and_its_sender_may_still_be_forgotten() -> None:
    facts = Facts(rooms={"a": room(1, stamp=4)}, targets={("a", 1): Target("message", 5, is_blank=False)})
    numbered = number_batch(batch(redaction(1), redaction(1), redaction(1, erases_sender=True)), facts)
    first, second, third = numbered.outcomes
    assert isinstance(first, tuple)
    assert isinstance(first[0], Event)
    assert second == third == Repeat(seq=1, timestamp_ms=5)
    assert numbered.writes.tombstones == {("a", 1): Tombstone(None, ERASED)}
    assert numbered.writes.rooms["a"].stamp == 5


def test_only_what_is_no_unicode_is_refused_also_where_two_halves_lie_side_by_side() -> None:
    """The payloads of a batch are looked at together: the end of one and the beginning of the next are no character."""
    payloads = [b"1", '"\u00e9'.encode()[:-1], '\u00e9"'.encode()[1:], b"2"]
    drafts = [Draft(room_id="a", epoch="one", name="message", payload=each, sender="ada") for each in payloads]
    torn = Draft(room_id="a", epoch="one", name="message", payload=b"3", sender="\ud83d")
    outcomes = number_batch(batch(*map(DraftGroup.of, [*drafts, torn])), Facts(rooms={"a": room()})).outcomes
    assert [isinstance(each, InvalidEvent) for each in outcomes] == [False, True, True, False, True]
    assert [event.seq for kept in outcomes if isinstance(kept, tuple) for event in kept] == [1, 2]
