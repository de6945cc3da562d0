"""The model of publishing: what is sent, what may be answered, and which keys were used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dialogue.application.publishing.publish_event import Published
from dialogue.domain.errors import DialogueError, InvalidRequest
from dialogue.domain.event import Event

from .life import Life, same
from .setting import KEPT, KEY_TTL_MS


@dataclass(frozen=True, slots=True)
class Sent:
    """An event to publish: with a key it says `value`, without one its own number, so that it is like no other."""

    name: str
    sender: str
    key: str | None = None
    value: int = 0
    number: int = 0

    @property
    def has_history(self) -> bool:
        """Whether it is kept."""
        return self.name in KEPT

    @property
    def data(self) -> object:
        """What it says."""
        return self.number if self.key is None or not self.has_history else {"value": self.value}


@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered to whom, for what."""

    sent: Sent
    answer: Published | DialogueError


@dataclass(frozen=True, slots=True)
class Use:
    """What a key was used for, and where that is."""

    sent: Sent
    seq: int
    timestamp_ms: int


class KeysModel:
    """The keys that count: of one sender, in one life of the room, for a time."""

    def __init__(self) -> None:
        self._uses: dict[tuple[str, str, str], Use] = {}

    def use(self, epoch: str, sent: Sent, now_ms: int) -> Use | None:
        """What the key of `sent` was used for before."""
        use = self._uses.get((epoch, sent.sender, sent.key or ""))
        return None if use is None or use.timestamp_ms < now_ms - KEY_TTL_MS else use

    def add(self, sent: Sent, event: Event) -> None:
        """Remember that `event` was kept for it."""
        if sent.key is not None:
            assert event.epoch is not None
            use = Use(sent, event.place, event.timestamp_ms)
            self._uses[event.epoch, sent.sender, sent.key] = use

    def sweep(self, now_ms: int) -> None:
        """Forget those whose time is over."""
        self._uses = {key: use for key, use in self._uses.items() if use.timestamp_ms >= now_ms - KEY_TTL_MS}


def take_up(
    life: Life, keys: KeysModel, answers: Sequence[Answered], now_ms: int, redactions: Sequence[Event] = ()
) -> None:
    """Hold the answers of what was sent at once against the list, and add to it what was kept."""
    before = life.last_timestamp_ms
    kept: dict[int, tuple[Sent | None, Event]] = {event.place: (None, event) for event in redactions}
    repeated: list[Answered] = []
    for answered in answers:
        sent, answer = answered.sent, answered.answer
        if not isinstance(answer, Published) or answer.is_duplicate:
            repeated.append(answered)
            continue
        assert same(answer.event, _wanted(sent, answer.event)), f"{answer} for {sent}"
        if not sent.has_history:
            assert answer.event.seq is None
            assert answer.event.timestamp_ms >= max(before, now_ms)
            life.pass_time(answer.event)
        else:
            assert answer.event.place not in kept, f"two events at one place: {answer}, {kept[answer.event.place]}"
            kept[answer.event.place] = (sent, answer.event)
    for _, (publisher, event) in sorted(kept.items()):
        if publisher is not None:
            keep(life, keys, publisher, event, now_ms)
        else:
            life.keep(event, now_ms)
    for answered in repeated:
        _ensure_right_repeat(life, keys, answered, now_ms)


def keep(life: Life, keys: KeysModel, sent: Sent, event: Event, now_ms: int) -> None:
    """Add what was kept to the list; its key must be a new one."""
    if sent.key is not None:
        use = keys.use(life.epoch, sent, now_ms)
        assert use is None, f"{sent} was kept before, as {use}"
    life.keep(event, now_ms)
    keys.add(sent, event)


def _ensure_right_repeat(life: Life, keys: KeysModel, answered: Answered, now_ms: int) -> None:
    sent, answer = answered.sent, answered.answer
    use = keys.use(life.epoch, sent, now_ms) if sent.key is not None and sent.has_history else None
    assert use is not None, f"{answer!r} for {sent}"
    is_same = (use.sent.name, use.sent.data) == (sent.name, sent.data)
    if isinstance(answer, InvalidRequest):
        assert not is_same, f"{sent} was refused, and is {use}"
        return
    assert isinstance(answer, Published), answer
    assert is_same, f"{sent} was taken for {use}"
    assert (answer.event.seq, answer.event.timestamp_ms) == (use.seq, use.timestamp_ms)


def _wanted(sent: Sent, event: Event) -> Event:
    placed = Event.of(room_id=event.room_id, name=sent.name, data=sent.data, sender=sent.sender, timestamp_ms=0)
    return replace(placed, seq=event.seq, event_seq=event.event_seq, timestamp_ms=event.timestamp_ms)
