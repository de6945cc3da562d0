"""The time for a pong counts while it could be read, and no other."""

from __future__ import annotations

import pytest

from dialogue.adapters.uvicorn.heartbeat import Heartbeat
from dialogue.adapters.uvicorn.intake import Intake
from dialogue.adapters.uvicorn.turns import Turns

from .speaking import Line


class Clock:
    """The loop's clock, moved by hand."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def time(self) -> float:
        """Its time."""
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that the loop goes by; made outside of any loop, so that nothing else asks it."""
    clock = Clock()
    monkeypatch.setattr("dialogue.adapters.uvicorn.intake.asyncio.get_running_loop", lambda: clock)
    return clock


@pytest.fixture
def intake(clock: Clock) -> Intake:
    """What a connection sends; nothing is parsed."""
    return Intake(Turns(), Line(), lambda: None)


@pytest.fixture
def heartbeat(clock: Clock, intake: Intake) -> Heartbeat:
    """A heartbeat whose ping went out just now, and has 20 seconds."""
    heartbeat = Heartbeat(clock, intake)  # type: ignore[arg-type]
    heartbeat.begin(20)
    return heartbeat


def test_where_all_of_the_time_was_read_none_is_left(clock: Clock, heartbeat: Heartbeat) -> None:
    clock.now_s += 20
    assert heartbeat.more_s() == 0


def test_time_in_which_nothing_was_read_is_given_back(clock: Clock, intake: Intake, heartbeat: Heartbeat) -> None:
    clock.now_s += 5
    intake.pause()
    clock.now_s += 12
    intake.resume()
    clock.now_s += 3
    assert heartbeat.more_s() == 12
    clock.now_s += 12
    assert heartbeat.more_s() == 0


def test_it_is_not_over_while_nothing_is_read(clock: Clock, intake: Intake, heartbeat: Heartbeat) -> None:
    intake.pause()
    for _ in range(10):
        clock.now_s += 20
        assert heartbeat.more_s() == 20
    intake.resume()
    clock.now_s += 20
    assert heartbeat.more_s() == 0


def test_time_before_the_ping_does_not_count(clock: Clock, intake: Intake, heartbeat: Heartbeat) -> None:
    intake.pause()
    clock.now_s += 50
    heartbeat.begin(20)
    intake.resume()
    clock.now_s += 20
    assert heartbeat.more_s() == 0


def test_time_in_which_the_whole_process_stood_still_is_given_back(clock: Clock, heartbeat: Heartbeat) -> None:
    clock.now_s += 32  # so the timer of 20 seconds came twelve late, and behind it is what has arrived meanwhile
    assert heartbeat.more_s() == pytest.approx(12, abs=0.1)
