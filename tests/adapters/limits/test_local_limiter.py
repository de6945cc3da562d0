"""Limits that a node keeps for itself: by user and by address, in bounded memory."""

from __future__ import annotations

import pytest

from dialogue.adapters.limits.local_limiter import LocalLimiter
from dialogue.adapters.limits.meter import Meter
from dialogue.domain.rate import Rate


class Time:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_000_000.7

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


def limiter(time: Time, *rates: Rate, factor: float = 10) -> LocalLimiter:
    return LocalLimiter({"events": rates}, factor, time)


def test_so_many_at_once_and_then_as_many_in_the_long_run(time: Time) -> None:
    limits = limiter(time, Rate(50, 1))
    assert [limits.take("events", "ada", None) for _ in range(50)] == [0.0] * 50
    assert limits.take("events", "ada", None) == pytest.approx(0.02)
    passed = 0
    for _ in range(1_000):
        time.now += 0.01
        passed += limits.take("events", "ada", None) == 0
    assert passed == pytest.approx(500, abs=1)


def test_who_comes_again_when_told_may(time: Time) -> None:
    limits = limiter(time, Rate(3, 60))
    for _ in range(3):
        limits.take("events", "ada", None)
    for _ in range(5):
        time.now += limits.take("events", "ada", None)
        assert limits.take("events", "ada", None) == 0


def test_a_refusal_counts_nothing(time: Time) -> None:
    limits = limiter(time, Rate(2, 1))
    limits.take("events", "ada", None, 2)
    waits = [limits.take("events", "ada", None) for _ in range(100)]
    assert waits == [pytest.approx(0.5)] * 100


def test_a_batch_costs_what_it_holds_and_one_larger_than_the_limit_is_paid_back_for_longer(time: Time) -> None:
    limits = limiter(time, Rate(10, 1))
    assert limits.take("events", "ada", None, 4) == 0
    assert limits.take("events", "ada", None, 7) == pytest.approx(0.1)
    time.now += 0.4
    assert limits.take("events", "ada", None, 100) == 0
    assert limits.take("events", "ada", None) == pytest.approx(9.1)


def test_each_user_and_each_address_has_its_own(time: Time) -> None:
    limits = limiter(time, Rate(2, 60), factor=2)
    for user in ("ada", "bob"):
        assert [limits.take("events", user, "192.0.2.1") == 0 for _ in range(3)] == [True, True, False]
    assert limits.take("events", "cy", "192.0.2.1") > 0
    assert limits.take("events", "cy", "192.0.2.2") == 0
    assert limits.take("events", "ada", None) > 0
    assert limits.take("events", None, "192.0.2.2") == 0


def test_what_the_address_refuses_is_not_counted_for_the_user(time: Time) -> None:
    limits = limiter(time, Rate(2, 60), factor=1)
    limits.take("events", "bob", "192.0.2.1", 2)
    assert limits.take("events", "ada", "192.0.2.1", 2) > 0
    assert limits.take("events", "ada", None, 2) == 0


def test_of_several_limits_all_hold(time: Time) -> None:
    limits = limiter(time, Rate(5, 1), Rate(7, 60))
    for _ in range(5):
        assert limits.take("events", "ada", None) == 0
    time.now += 1
    assert [limits.take("events", "ada", None) == 0 for _ in range(3)] == [True, True, False]


def test_what_has_no_limit_is_free(time: Time) -> None:
    limits = limiter(time, Rate(1, 60))
    assert [limits.take("joins", "ada", "192.0.2.1") for _ in range(100)] == [0.0] * 100
    assert limits.is_on
    assert not LocalLimiter({}, 1).is_on


def test_strangers_without_end_take_no_memory_without_end_and_who_is_active_is_remembered(time: Time) -> None:
    meter = Meter(Rate(1, 3600), max_subjects=100)
    for number in range(10_000):
        meter.spend("active", 1, time.now)
        meter.spend(f"stranger-{number}", 1, time.now)
    assert len(meter) == 100
    assert meter.wait_s("active", 1, time.now) > 0
    assert meter.wait_s("stranger-0", 1, time.now) <= 0
