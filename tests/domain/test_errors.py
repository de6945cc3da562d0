"""The conditions that Dialogue answers with."""

from __future__ import annotations

import inspect

import pytest

from dialogue.domain import errors
from dialogue.domain.errors import DialogueError, InvalidEvent, InvalidRequest, Problem

CODES = {
    "ConfigurationError": "CONFIGURATION",
    "DialogueError": "INTERNAL",
    "EventNotAllowed": "EVENT_NOT_ALLOWED",
    "Forbidden": "FORBIDDEN",
    "InvalidEvent": "INVALID_EVENT",
    "InvalidRequest": "INVALID_REQUEST",
    "NotJoined": "NOT_JOINED",
    "PositionUnknown": "POSITION_UNKNOWN",
    "RoomExists": "ROOM_EXISTS",
    "RoomFull": "ROOM_FULL",
    "RoomNotFound": "ROOM_NOT_FOUND",
    "Unauthenticated": "UNAUTHENTICATED",
    "Unavailable": "UNAVAILABLE",
}


def public_errors() -> list[type[DialogueError]]:
    return [
        kind
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, DialogueError) and not name.startswith("_")
    ]


def test_every_error_has_the_code_that_clients_know_it_by() -> None:
    codes = {kind.__name__: kind.code for kind in public_errors()}
    assert CODES.items() <= codes.items()


def test_no_two_errors_share_a_code() -> None:
    codes = [kind.code for kind in public_errors()]
    assert len(set(codes)) == len(codes)


def test_every_error_says_what_it_is_for() -> None:
    assert [kind.__name__ for kind in public_errors() if not kind.__doc__] == []


@pytest.mark.parametrize(
    ("error", "message", "details"),
    [
        (errors.RoomNotFound("a"), "There is no room 'a'", None),
        (errors.RoomExists("a"), "There is already a room 'a'", None),
        (errors.RoomFull("a", 3), "The room 'a' is full (3)", {"maxSize": 3}),
        (errors.NotJoined("a"), "You have not joined the room 'a'", None),
        (
            errors.EventNotAllowed("a", "shout", ["message", "typing"]),
            "'shout' is not one of the room's events in 'a'; allowed: message, typing",
            {"event": "shout", "allowed": ["message", "typing"]},
        ),
        (
            errors.EventNotAllowed("a", "typing", [], why="has no history"),
            "'typing' has no history in 'a'; allowed: none",
            {"event": "typing", "allowed": []},
        ),
        (
            errors.PositionUnknown("seq 9 is not there yet", epoch="e", floor=2, head=7),
            "seq 9 is not there yet",
            {"epoch": "e", "floor": 2, "head": 7},
        ),
        (errors.Unavailable("disk full"), "disk full", None),
    ],
)
def test_an_error_builds_its_message_and_its_details(error: DialogueError, message: str, details: object) -> None:
    assert str(error) == error.message == message
    assert error.details == details


def test_a_refusal_lists_every_problem_with_its_path() -> None:
    refusal = InvalidEvent([Problem("data.text", "is too long"), Problem("data.n", "is missing")])
    assert str(refusal) == "The event is not valid: data.text: is too long; data.n: is missing"
    assert refusal.details == [
        {"path": "data.text", "message": "is too long"},
        {"path": "data.n", "message": "is missing"},
    ]


def test_a_request_with_one_wrong_field_names_it() -> None:
    refusal = InvalidRequest.field("limit", "must be 1 to 1000")
    assert refusal.problems == (Problem("limit", "must be 1 to 1000"),)


def test_a_refusal_stays_small_however_much_is_wrong() -> None:
    refusal = InvalidEvent([Problem("data." + "k" * 60_000, "m" * 60_000)] * 20_000)
    assert len(refusal.problems) == 20
    assert len(str(refusal)) < 25_000
