"""What one client sees of one room, held against what was kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from dialogue.domain.names import REDACTED

from .truth import EPHEMERAL, NAMES, Message, Truth, pattern_of


@dataclass(slots=True)
class Member:
    """A client in a room, or one that was there and may come back."""

    truth: Truth
    room_id: str
    is_in: bool = False
    names: frozenset[str] = frozenset()
    epoch: str = ""
    reached: int = 0
    """It has been given all that it is to have up to this seq."""
    cursor: Message | None = None
    ephemerals: dict[str, int] = field(default_factory=dict)
    shown: dict[int, bool] = field(default_factory=dict)
    """What it shows, by seq; whether as a tombstone."""

    def leave(self) -> None:
        """Be out of the room; the cursor stays."""
        self.is_in = False

    def join(self, answer: Message, since: Message | None) -> None:
        """Take up the answer to a join."""
        self.is_in = True
        told = answer["events"]
        self.names = frozenset(name for name in (*NAMES, EPHEMERAL) if name in told or pattern_of(name) in told)
        position = answer["position"]
        history = answer["history"]
        assert position["seq"] <= self.truth.head(self.room_id), f"{position} is beyond all that was kept"
        if not answer.get("recovered"):
            self._check_run(history, self.names, position)
            self.shown.clear()
        self._show(reversed(history))
        if since is not None:
            if answer["recovered"]:
                assert since["epoch"] == position["epoch"], f"recovered across lives: {answer}"
                missed = self.truth.between(self.room_id, self.names, since["seq"], position["seq"])
                assert _seqs(history) == [event.seq for event in reversed(missed)], f"{since} recovered {answer}"
        else:
            assert "recovered" not in answer
        self.epoch, self.reached = position["epoch"], position["seq"]
        self.cursor = position

    def take(self, events: Sequence[Message]) -> None:
        """Take up live events."""
        for event in events:
            assert self.is_in, f"{event} came outside of the room"
            wanted = self.truth.between(self.room_id, self.names, self.reached, event["seq"])
            assert event["seq"] > self.reached, f"{event} came twice, or too late: {self.reached} was reached"
            due = [each.seq for each in wanted]
            assert due == [event["seq"]], f"{event} came, and {due} of {sorted(self.names)} are due"
            self.truth.check(event)
            assert self.truth.at(self.room_id, event["seq"]).epoch == self.epoch, f"{event} is of another life"
            self._show([event])
            self.reached = event["seq"]
            self.cursor = {"epoch": self.epoch, "seq": event["seq"]}

    def take_ephemeral(self, event: Message) -> None:
        """Take up an event without history: never twice, and in the order of its connection."""
        assert event["event"] in self.names
        sender, number = event["data"]["by"], event["data"]["t"]
        assert number > self.ephemerals.get(sender, 0), f"{event} came twice, or late"
        self.ephemerals[sender] = number

    def check_page(self, answer: Message, asked: Message) -> None:
        """A page is one contiguous run, and not ahead of the live stream."""
        names = None if "event" not in asked else {asked["event"]}
        events = answer["events"]
        if events:
            shown = self.truth.between(self.room_id, names, events[-1]["seq"] - 1, events[0]["seq"])
            if names is not None:
                shown = [event for event in shown if event.name in names]
            assert _seqs(events) == [event.seq for event in reversed(shown)], f"{asked} gave {_seqs(events)}"
            for event in events:
                self.truth.check(event)
                is_ahead = event["event"] in self.names | {REDACTED} and event["seq"] > self.reached
                assert not (self.is_in and is_ahead), f"a page holds {event}, and {self.reached} was reached"
                is_blank = event.get("redacted", False)
                assert not (self.is_in and self.shown.get(event["seq"], False)) or is_blank, f"{event} was taken back"

    def missing(self) -> list[int | None]:
        """What it has not been given yet."""
        head = self.truth.head(self.room_id)
        return [event.seq for event in self.truth.between(self.room_id, self.names, self.reached, head)]

    def ensure_blank(self) -> None:
        """What was taken back is not shown any more."""
        for event in self.truth.between(self.room_id, (), 0, self.reached):
            target = event.data["seq"]
            assert self.shown.get(target, True), f"{target} of {self.room_id} was taken back at {event.seq}"

    def _show(self, events: Iterable[Message]) -> None:
        for event in events:
            self.shown[event["seq"]] = bool(event.get("redacted"))
            if event["event"] == REDACTED and event["data"]["seq"] in self.shown:
                self.shown[event["data"]["seq"]] = True

    def _check_run(self, history: Sequence[Message], names: frozenset[str], position: Message) -> None:
        seen = [event for event in history if event["event"] != REDACTED]
        if seen:
            run = self.truth.between(self.room_id, names, seen[-1]["seq"] - 1, position["seq"])
            kept = [event.seq for event in reversed(run) if event.name != REDACTED]
            assert _seqs(seen) == kept, f"{position}: {_seqs(seen)}"
            for event in history:
                self.truth.check(event)
                life = self.truth.at(self.room_id, event["seq"]).epoch
                assert life == position["epoch"], f"{event} is of another life than {position}"


def _seqs(events: Sequence[Message]) -> list[int]:
    return [event["seq"] for event in events]
