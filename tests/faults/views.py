"""What one connection was sent of one room, and what it must have been sent."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from enum import Enum, auto

from ..support.wire_client import Message
from . import switches
from .kept import Kept
from .sightings import Sightings

RECOVERY_LIMIT = 1_000


class Clock(Enum):
    """By which clock events are given their times."""

    STEADY = auto()
    JUMPING = auto()
    """One that is set anew: only events that are kept are in the order of their times."""
    SEVERAL = auto()
    """Each node's own: an event without history, of another node, may also come late, never early."""


@dataclass(slots=True)
class Segment:
    """Events that came live one after the other, while nothing changed about which are wanted.

    It begins with a `joined`, or, where `before` is given, with a change of the subscription.
    """

    names: frozenset[str]
    joined: Message | None = None
    since: Message | None = None
    before: Segment | None = None
    history: list[int] = field(default_factory=list)
    live: list[int] = field(default_factory=list)


class View:
    """A connection's picture of a room, from its first join on; each frame is held to the protocol as it comes."""

    def __init__(self, room_id: str, sightings: Sightings, *, clock: Clock = Clock.STEADY) -> None:
        self.room_id = room_id
        self.cursor = 0
        self.timestamp = 0
        self.epoch: str | None = None
        self.segments: list[Segment] = []
        self.is_joined = False
        self._sightings = sightings
        self._clock = clock
        self._senders: dict[tuple[str, bool], int] = {}

    @property
    def position(self) -> Message:
        """What to give as `since` when coming back."""
        return {"epoch": self.epoch, "seq": self.cursor}

    @property
    def names(self) -> frozenset[str]:
        """What is subscribed to."""
        return self.segments[-1].names

    def take_joined(self, answer: Message, since: Message | None) -> None:
        """Begin, or begin again."""
        history = self._sightings.see(self.room_id, answer["history"])
        names = frozenset(answer["events"])
        self.segments.append(Segment(names, answer | {"history": None}, since, history=history))
        self.is_joined = True
        self.epoch, self.cursor = answer["position"]["epoch"], answer["position"]["seq"]
        # A recovery that came to nothing took its time: what was not kept, and came meanwhile, follows the snapshot.
        is_late = answer.get("recovered") is False
        self.timestamp = answer["history"][0]["timestamp"] if history and not is_late else 0
        assert ("recovered" in answer) == (since is not None)

    def take_subscribed(self, answer: Message) -> None:
        """Go on with other names."""
        self.segments.append(Segment(frozenset(answer["events"]), before=self.segments[-1]))

    def take_left(self) -> None:
        """Stop: nothing may come any more."""
        self.is_joined = False

    def take_events(self, events: list[Message]) -> None:
        """Take up a frame of live events."""
        assert self.is_joined, f"events of {self.room_id!r} came outside of it: {events}"
        segment = self.segments[-1]
        kept = [event for event in events if "seq" in event]
        for event in events:
            assert event["event"] in segment.names, f"{event} was not subscribed to"
            self._take_time(event)
            self._take_number(event)
        segment.live += self._sightings.see(self.room_id, kept)
        if kept:
            assert kept[0]["seq"] > self.cursor, f"{kept[0]} came twice, or too late: {self.cursor} was seen"
            self.cursor = kept[-1]["seq"]

    def _take_time(self, event: Message) -> None:
        is_kept = "seq" in event
        assert event["timestamp"] >= self.timestamp or (self._clock is Clock.SEVERAL and not is_kept), (
            f"time ran backwards with {event}"
        )
        if self._clock is Clock.STEADY or is_kept:
            self.timestamp = event["timestamp"]

    def _take_number(self, event: Message) -> None:
        # An event overtakes none of its own sender's, also where it is not kept. What is not kept comes over the bus,
        # which may be slower than the database: then what its sender has kept later comes first.
        sender, number, is_kept = event["from"], event["data"]["n"], "seq" in event
        if sender != event["data"]["by"]:
            return
        rivals = (False,) if self._clock is Clock.SEVERAL and not is_kept else (False, True)
        last = max(self._senders.get((sender, rival), 0) for rival in rivals)
        assert number > last, f"{event} came out of its sender's order"
        self._senders[sender, is_kept] = number

    def check(self, kept: Kept, *, may_fail: bool = False) -> int:
        """Hold it all against what is kept; how many recoveries there were.

        Where the storage fails now and then, a join may be answered with what memory holds, and nothing be recovered.
        """
        return sum(self._check_segment(segment, kept, may_fail) for segment in self.segments)

    def _check_segment(self, segment: Segment, kept: Kept, may_fail: bool) -> bool:
        places = kept.places(self.room_id, segment.names)
        if segment.joined is None:
            self._check_change(segment, kept)
            start = bisect_left(places, segment.live[0]) if segment.live else 0
        else:
            start = bisect_right(places, segment.joined["position"]["seq"])
            self._check_joined(segment, segment.joined, places[:start], kept, may_fail)
        assert segment.live == places[start : start + len(segment.live)], "a gap, a repeat or another order"
        return segment.joined is not None and bool(segment.joined.get("recovered"))

    def _check_joined(self, segment: Segment, joined: Message, older: list[int], kept: Kept, may_fail: bool) -> None:
        assert joined["position"]["epoch"] == kept.epochs[self.room_id]
        history = segment.history[::-1]
        if joined.get("recovered"):
            assert segment.since is not None
            assert segment.since["epoch"] == kept.epochs[self.room_id], "another life was recovered"
            assert segment.since["seq"] <= joined["position"]["seq"], "the future was recovered"
            assert history == older[bisect_right(older, segment.since["seq"]) :], "a recovery with holes or repeats"
            return
        assert history == older[len(older) - len(history) :], "a snapshot with holes, or not the newest"
        assert joined["hasMore"] == (len(history) < len(older)) or (may_fail and joined["hasMore"])
        if may_fail or not switches.RECOVERS:
            return
        if segment.since is not None and segment.since["epoch"] == joined["position"]["epoch"]:
            missed = len(older) - bisect_right(older, segment.since["seq"])
            is_future = segment.since["seq"] > joined["position"]["seq"]
            assert is_future or missed > RECOVERY_LIMIT, f"{missed} events could have been recovered"

    def _check_change(self, segment: Segment, kept: Kept) -> None:
        """Of the names that were wanted before and after, nothing is missing in between."""
        earlier, common = segment.before, segment.names
        last: list[int] = []
        while earlier is not None and not last:
            common &= earlier.names
            last = earlier.live or ([earlier.joined["position"]["seq"]] if earlier.joined else [])
            earlier = earlier.before
        places = kept.places(self.room_id, common)
        first = next((seq for seq in segment.live if kept.event(self.room_id, seq)["event"] in common), None)
        if first is not None and last:
            assert first == places[bisect_right(places, last[-1])], "a gap where the subscription changed"
