"""What was published, what was answered for it, and what must have become of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..support.wire_client import Message
from . import switches
from .kept import Kept

EPHEMERAL = "typing"


@dataclass(slots=True)
class Publication:
    """A trigger, sent once or, with its key, several times; and its answers."""

    sender: str
    room_id: str
    event: str
    data: Message
    key: str | None = None
    answers: list[Message] = field(default_factory=list)
    is_refused: bool = False

    @property
    def fields(self) -> Message:
        """The request's."""
        fields: Message = {"roomId": self.room_id, "event": self.event, "data": self.data}
        return fields if self.key is None else fields | {"key": self.key}

    @property
    def identity(self) -> tuple[str, int]:
        """What no other publication has."""
        return self.sender, self.data["n"]

    def take(self, answer: Message) -> None:
        """Take up an answer: kept, a repeat of what was kept, or refused."""
        if answer["type"] == "error":
            assert answer["code"] == "UNAVAILABLE", answer
            self.is_refused = True
            return
        assert answer["type"] == "triggered", answer
        assert ("seq" in answer) == (self.event != EPHEMERAL), answer
        assert bool(self.answers) <= answer.get("duplicate", False), f"kept twice: {self.answers} and {answer}"
        assert not self.answers or self.answers[0]["seq"] == answer["seq"]
        assert not self.answers or self.answers[0]["timestamp"] == answer["timestamp"]
        self.answers.append(answer)

    def check(self, kept: Kept, places: dict[tuple[str, int], int]) -> None:
        """What was answered for is at its place; what was refused is nowhere."""
        for answer in self.answers:
            if "seq" in answer:
                event = {"event": self.event, "roomId": self.room_id, "data": self.data, "from": self.sender}
                expected = event | {"timestamp": answer["timestamp"], "seq": answer["seq"]}
                assert kept.event(self.room_id, answer["seq"]) == expected
        if self.is_refused and not self.answers:
            assert self.identity not in places, f"refused, and kept all the same: {self}"


class Ledger:
    """All publications of a test."""

    def __init__(self) -> None:
        self.publications: list[Publication] = []
        self._numbers: Counter[str] = Counter()

    def new(self, sender: str, room_id: str, event: str, *, padding: str = "", is_keyed: bool = False) -> Publication:
        """The next publication of a sender."""
        self._numbers[sender] += 1
        number = self._numbers[sender]
        data: Message = {"by": sender, "n": number}
        key = f"key-{number}" if switches.KEYS and is_keyed and event != EPHEMERAL else None
        publication = Publication(sender, room_id, event, data | {"pad": padding} if padding else data, key)
        self.publications.append(publication)
        return publication

    @property
    def answered(self) -> int:
        """How many events were answered for."""
        return sum(bool(publication.answers) for publication in self.publications)

    def heads(self) -> dict[tuple[str, str], int]:
        """The newest seq that was answered for, of each name in each room."""
        heads: dict[tuple[str, str], int] = {}
        for publication in self.publications:
            stream = publication.room_id, publication.event
            seqs = [answer["seq"] for answer in publication.answers if "seq" in answer]
            heads[stream] = max([heads.get(stream, 0), *seqs])
        return heads

    def check(self, kept: Kept, room_ids: Iterable[str] = ("hall", "side")) -> None:
        """Everything that was answered for is kept as it was sent, nothing is kept twice, and nothing that nobody
        sent; what one sender published stands in the order in which it did."""
        sent = {publication.identity: publication for publication in self.publications}
        places: dict[tuple[str, int], int] = {}
        for room_id in room_ids:
            last: Counter[str] = Counter()
            for event in kept.events(room_id):
                sender, number = event["from"], event["data"]["n"]
                assert (sender, number) not in places, f"kept twice: {event}"
                places[sender, number] = event["seq"]
                publication = sent[sender, number]
                assert (publication.room_id, publication.event, publication.data) == (
                    room_id,
                    event["event"],
                    event["data"],
                )
                assert number > last[sender], f"{event} stands before an earlier one of its sender"
                last[sender] = number
        for publication in self.publications:
            publication.check(kept, places)
