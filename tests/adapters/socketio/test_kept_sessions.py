"""Sessions that wait for their clients: bounded, of one user, once."""

from __future__ import annotations

import pytest

from dialogue.adapters.socketio import kept_sessions
from dialogue.adapters.socketio.kept_sessions import KeptSession, KeptSessions
from dialogue.adapters.socketio.sent_log import Mark, SentLog


def session(user_id: str = "ada", size: int = 0) -> KeptSession:
    log = SentLog()
    log.note([Mark("1", body=b"x" * size)] if size else [])
    return KeptSession(user_id, {}, log)


def test_a_session_is_its_users_and_given_once() -> None:
    kept = KeptSessions(10, 60)
    kept.keep("pid", session("ada"))
    assert kept.take("pid", "eve") is None
    assert kept.take("pid", "ada") is not None
    assert kept.take("pid", "ada") is None


def test_the_oldest_goes_where_there_are_too_many() -> None:
    kept = KeptSessions(2, 60)
    for number in range(3):
        kept.keep(str(number), session())
    assert [kept.take(str(number), "ada") is not None for number in range(3)] == [False, True, True]


def test_the_oldest_goes_where_they_hold_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_sessions, "MAX_BYTES", 100_000)
    kept = KeptSessions(100, 60)
    for number in range(3):
        kept.keep(str(number), session(size=40_000))
    assert [kept.take(str(number), "ada") is not None for number in range(3)] == [False, True, True]


def test_a_session_is_kept_for_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(kept_sessions, "monotonic", lambda: now)
    kept = KeptSessions(10, 60)
    kept.keep("early", session())
    now = 130.0
    kept.keep("late", session())
    now = 161.0
    assert kept.take("early", "ada") is None
    assert kept.take("late", "ada") is not None


def test_nothing_is_kept_where_nothing_may_be() -> None:
    kept = KeptSessions(0, 60)
    kept.keep("pid", session())
    assert kept.take("pid", "ada") is None
