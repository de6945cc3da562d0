"""Who published a room's newest events, against a list of all."""

from __future__ import annotations

from random import Random

import pytest

from dialogue.adapters.own_storage.places import Places
from dialogue.adapters.own_storage.senders import MOST_RUNS, Senders
from dialogue.domain.ports.read_marks import MAX_UNREAD

SYSTEM = 0
PUBLISHED = 1


class Room:
    """Senders and places as a room keeps them, and the list that they are held to; None is the system."""

    def __init__(self) -> None:
        self.places = Places()
        self.senders = Senders(lambda after, through: self.places.count(SYSTEM, after, through))
        self.all: list[str | None] = []

    def add(self, sender: str | None) -> None:
        self.all.append(sender)
        self.places.add(len(self.all), SYSTEM if sender is None else PUBLISHED)
        if sender is not None:
            self.senders.add(len(self.all), sender)

    def expected(self, user_id: str, after: int) -> int:
        return min(MAX_UNREAD, sum(sender not in (None, user_id) for sender in self.all[after:]))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("longest", [1, 3, 400])
def test_the_count_is_that_of_a_list_however_long_the_runs_are(seed: int, longest: int) -> None:
    draw = Random(seed)
    room = Room()
    while len(room.all) < 6_000:
        sender = draw.choice(["ada", "ada", "bob", None])
        for _ in range(draw.randint(1, longest)):
            room.add(sender)
            if draw.random() < 0.1:
                room.add(None)
    for _ in range(200):
        user_id, after = draw.choice(["ada", "bob", "eve"]), draw.randint(0, len(room.all) + 1)
        assert room.senders.count_others(user_id, after) == room.expected(user_id, after)


def test_thousands_of_ones_own_do_not_hide_what_others_sent_before_them() -> None:
    room = Room()
    for sender in ("eve", "bob", *["ada"] * 10_000):
        room.add(sender)
    assert [room.senders.count_others("ada", after) for after in (0, 1, 2, 10_002)] == [2, 1, 0, 0]


def test_two_who_take_turns_are_remembered_as_far_as_counting_goes() -> None:
    room = Room()
    for _ in range(MOST_RUNS):
        room.add("ada")
        room.add("bob")
    behind = 2 * MOST_RUNS - 2 * MAX_UNREAD
    assert [room.senders.count_others("ada", after) for after in (0, behind, behind + 2)] == [1_000, 1_000, 999]
