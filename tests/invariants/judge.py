"""Whether an answer is right, where it was being made while the room went on.

Between a question and its answer the head moves and retention may run. Where nothing moved there is one right answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from dialogue.application.sessions.join_room import Joined
from dialogue.domain.event import Event
from dialogue.domain.names import REDACTED
from dialogue.domain.page import After, Newest, PageRequest
from dialogue.domain.position import Position

from .life import Life
from .pages import Answer, are_same, is_right, names_of
from .setting import ALL_KEPT, KEPT, NAMES


@dataclass(frozen=True, slots=True)
class Moment:
    """Where the room was when something was asked."""

    life: Life
    head: int
    floors: Mapping[str, int]

    @classmethod
    def of(cls, life: Life) -> Moment:
        """The present one."""
        return cls(life, life.head, {name: stream.floor_seq for name, stream in life.streams.items()})

    @property
    def was_trimmed(self) -> bool:
        """Whether retention has let something go since."""
        return any(self.floors[name] != stream.floor_seq for name, stream in self.life.streams.items())

    def floor_of(self, names: Collection[str]) -> int:
        """The highest floor of these names then."""
        return max([self.life.floor, *(self.floors[name] for name in names)])


def ensure_right_page(answer: Answer, request: PageRequest, moment: Moment) -> None:
    """The page is the list's, at one of the heads that the room has had since."""
    life = moment.life
    if any(is_right(answer, request, life, at) for at in range(moment.head, life.head + 1)):
        return
    assert moment.was_trimmed, f"{request} at {moment.head} to {life.head} gave {_shown(answer)}"
    if isinstance(answer, str):
        assert answer == "POSITION_UNKNOWN", f"{request} was refused with {answer}"
    else:
        form = request.form
        after = form.seq if isinstance(form, After) else None
        _ensure_run(answer.events, names_of(request), moment, after=after, is_newest=isinstance(form, Newest))


def _ensure_run(
    events: Sequence[Event],
    names: Collection[str],
    moment: Moment,
    *,
    after: int | None = None,
    is_newest: bool = False,
) -> None:
    """Without a hole above what retention has taken, from `after` on or up to the newest where that was asked."""
    life = moment.life
    told = [event.place for event in life.told if event.name in names]
    found = [event.place for event in reversed(events)]
    assert found == sorted({*found} & {*told}), f"{found} are out of order"
    floor = life.floor_of(names)
    begin = after if after is not None else found[0] - 1 if found else floor
    must_reach = moment.head if is_newest or (after is not None and not found) else 0
    end = max(found[-1] if found else begin, must_reach)
    hole = {place for place in told if max(begin, floor) < place <= end} - {*found}
    assert not hole, f"{hole} are missing from {found}"


def ensure_right_join(joined: Joined, names: Collection[str] | None, since: Position | None, moment: Moment) -> None:
    """The answer tells where the room is, and gives exactly what was missed, or the newest."""
    life, at = moment.life, joined.position.seq
    assert joined.position.epoch == life.epoch
    assert moment.head <= at <= life.head
    subscribed = NAMES if names is None or "*" in names else [name for name in NAMES if name in names]
    assert life.setting.received(joined.events) == [*subscribed]
    if joined.recovered:
        assert since is not None
        _ensure_all_missed(joined, {*subscribed, REDACTED}, since, moment)
        return
    assert joined.recovered is (None if since is None else False)
    if since is not None:
        kept = [name for name in ALL_KEPT if name in {*subscribed, REDACTED}]
        could_be = _is_recoverable(kept, since, life, at, life.floor_of(kept), moment.head)
        assert not could_be, f"all after {since} was there at {at}, and nothing was recovered"
    _ensure_snapshot(joined, [name for name in KEPT if name in subscribed], moment)


def _missed(names: Collection[str], since: Position, life: Life, at: int) -> list[Event]:
    return [life.now(event) for event in life.told if event.name in names and since.seq < event.place <= at]


def _is_recoverable(names: Collection[str], since: Position, life: Life, at: int, floor: int, head: int) -> bool:
    is_known = since.epoch == life.epoch and floor <= since.seq <= head
    return is_known and len(_missed(names, since, life, at)) <= life.setting.recovery_limit


def _ensure_all_missed(joined: Joined, names: Collection[str], since: Position, moment: Moment) -> None:
    life, at = moment.life, joined.position.seq
    kept = [name for name in ALL_KEPT if name in names]
    assert _is_recoverable(kept, since, life, at, moment.floor_of(kept), at), f"{since} passed for recovered"
    missed = _missed(kept, since, life, at)[::-1]
    assert are_same(joined.history, missed, life, at), f"{joined.history} were recovered, {missed} were missed"
    if life.knows_reach or not joined.has_more:
        assert moment.was_trimmed or joined.has_more is bool(life.left(kept, since.seq))


def _ensure_snapshot(joined: Joined, names: Sequence[str], moment: Moment) -> None:
    life, at, sync = moment.life, joined.position.seq, moment.life.setting.sync
    left = life.left(names, at)[::-1]
    if sync is True and not life.knows_reach:
        sync = max(map(life.setting.limit, KEPT))
    wanted = life.in_memory(names, at)[::-1] if sync is True else left[:sync]
    if moment.was_trimmed:
        _ensure_run(joined.history, names, moment, is_newest=sync is not True and sync > 0)
        return
    assert are_same(joined.history, wanted, life, at), f"{joined.history} were given, {wanted} wanted"
    if life.knows_reach or not joined.has_more:
        assert joined.has_more is (len(left) > len(wanted))


def _shown(answer: Answer) -> str:
    if isinstance(answer, str):
        return answer
    events = [f"{event.name}:{event.seq}" for event in answer.events]
    return f"{events}, has_more {answer.has_more}, has_more_after {answer.has_more_after}"
