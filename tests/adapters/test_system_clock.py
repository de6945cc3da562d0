"""A clock that never runs backwards, and does not believe every leap."""

from __future__ import annotations

import pytest

from dialogue.adapters.system_clock import BELIEVED_AFTER_MS, LEAP_MS, SystemClock


class Hands:
    """What a clock reads, in milliseconds."""

    def __init__(self) -> None:
        self.wall, self.steady = 1_700_000_000_000, 5_000

    def clock(self) -> SystemClock:
        return SystemClock(lambda: self.wall * 1_000_000, lambda: self.steady * 1_000_000)

    def go(self, ms: int) -> None:
        self.wall += ms
        self.steady += ms


def test_it_follows_the_machine() -> None:
    hands = Hands()
    clock = hands.clock()
    for step in (0, 5, LEAP_MS - 1):
        hands.wall += step
        assert clock.now_ms() == hands.wall


def test_it_stands_still_where_the_machine_is_set_back_and_goes_on_when_that_has_caught_up() -> None:
    hands = Hands()
    clock = hands.clock()
    before = clock.now_ms()
    hands.wall -= 3_600_000
    hands.steady += 10
    assert clock.now_ms() == before
    hands.go(3_600_000)
    assert clock.now_ms() == before
    hands.go(7)
    assert clock.now_ms() == before + 7


def test_a_leap_of_years_for_a_moment_is_not_followed(caplog: pytest.LogCaptureFixture) -> None:
    hands = Hands()
    clock = hands.clock()
    before = clock.now_ms()
    hands.wall += 70 * 365 * LEAP_MS
    for _ in range(3):
        hands.go(100)
        assert clock.now_ms() <= before + 300
    hands.wall -= 70 * 365 * LEAP_MS
    hands.go(1)
    assert clock.now_ms() == before + 301
    assert len([record for record in caplog.records if "leapt ahead" in record.getMessage()]) == 1


def test_a_leap_that_lasts_is_followed() -> None:
    hands = Hands()
    clock = hands.clock()
    clock.now_ms()
    hands.wall += 3 * LEAP_MS
    assert clock.now_ms() < hands.wall
    hands.go(BELIEVED_AFTER_MS)
    assert clock.now_ms() == hands.wall
