"""What a connection was sent: any offset that a client may give back says where it stood, or nothing at all."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from dialogue.adapters.socketio.sent_log import MAX_BODIES, MAX_MARKS, Mark, SentLog
from dialogue.domain.position import Position

ROOMS = ("one", "two", "three")


@dataclass
class Reader:
    """What a client knows that has read everything up to some offset, event by event."""

    positions: dict[str, Position] = field(default_factory=dict)
    unread: list[Mark] = field(default_factory=list)


def marks(steps: list[tuple[str, str, int]]) -> list[Mark]:
    made: list[Mark] = []
    for number, (room_id, kind, seq) in enumerate(steps, 1):
        position = Position(epoch="e", seq=seq)
        offset = f"life-{number}"
        made.append(
            {
                "joined": Mark(offset, room_id, "joined", position, b"joined"),
                "moved": Mark(offset, room_id, "moved", position),
                "left": Mark(offset, room_id, "left", None, b"left"),
                "passing": Mark(offset, room_id, "moved", None),
                "answer": Mark(offset, body=b"answer"),
                "connected": Mark(offset),
            }[kind]
        )
    return made


KINDS = ("joined", "moved", "left", "passing", "answer", "connected")
STEPS = st.lists(st.tuples(st.sampled_from(ROOMS), st.sampled_from(KINDS), st.integers(0, 50)), max_size=40)


def known(sent: list[Mark]) -> dict[str, Position]:
    positions: dict[str, Position] = {}
    for mark in sent:
        if mark.room_id is not None and mark.change == "left":
            positions.pop(mark.room_id, None)
        elif mark.room_id is not None and mark.position is not None:
            positions[mark.room_id] = mark.position
    return positions


@given(STEPS, st.data())
def test_a_client_stands_where_it_has_read_to_or_where_it_has_joined_since(
    steps: list[tuple[str, str, int]], data: st.DataObject
) -> None:
    sent = marks(steps)
    log = SentLog()
    for mark in sent:
        log.note([mark])
    read = data.draw(st.integers(0, len(sent)))
    rest = log.rest(sent[read - 1].offset if read else None)
    assert rest is not None
    joined_or_left = [mark for mark in sent[read:] if mark.change != "moved"]
    assert rest.positions == known([*sent[:read], *joined_or_left])
    assert rest.again == [mark for mark in sent[read:] if mark.body is not None]


@given(st.integers(0, 300), st.data())
def test_of_older_events_only_the_newest_offset_is_known(beyond: int, data: st.DataObject) -> None:
    amount = MAX_MARKS + beyond
    log = SentLog()
    log.note([Mark(str(n), "one", "moved", Position(epoch="e", seq=n)) for n in range(1, amount + 1)])
    offset = data.draw(st.integers(1, amount))
    rest = log.rest(str(offset))
    if offset < beyond:
        assert rest is None
    else:
        assert rest is not None
        assert rest.positions == {"one": Position(epoch="e", seq=offset)}
    assert (log.rest(None) is None) is (beyond > 0)


def test_answers_that_are_too_large_to_keep_are_known_as_read_or_not_at_all() -> None:
    log = SentLog()
    log.note([Mark("1"), Mark("2", body=b"x" * (MAX_BODIES + 1)), Mark("3", "one", "left", None, b"left")])
    assert log.rest("1") is None
    rest = log.rest("2")
    assert rest is not None
    assert [mark.offset for mark in rest.again] == ["3"]
    assert log.size == len(b"left")


def test_what_was_never_sent_is_not_known() -> None:
    log = SentLog()
    log.note([Mark("life-1"), Mark("life-2")])
    for offset in ("life-3", "life-0", "", "other-1"):
        assert log.rest(offset) is None


def test_a_session_that_goes_on_begins_where_its_client_stood() -> None:
    place = {"one": Position(epoch="e", seq=7)}
    log = SentLog("life-9", place)
    log.note([Mark("life-10", "one", "moved", Position(epoch="e", seq=8))])
    begun = log.rest("life-9")
    assert begun is not None
    assert begun.positions == place
    assert log.rest(None) is None
