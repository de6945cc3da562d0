"""The page of bounds has every bound, with the default that the code has."""

from __future__ import annotations

import re
from dataclasses import fields
from inspect import signature

import pytest

from dialogue import History, RoomConfig, RuntimeRooms
from dialogue.adapters.asgi import path
from dialogue.adapters.auth import jwks_address, jwt_authenticator, read_keys, verification_key, watched_file
from dialogue.adapters.limits import meter
from dialogue.adapters.litestar import query
from dialogue.adapters.own_storage import own_stream as hooked_stream
from dialogue.adapters.own_storage import places, senders
from dialogue.adapters.socketio import app as socketio_app
from dialogue.adapters.socketio import connection, kept_sessions, polling_transport, sent_log, socket_ways
from dialogue.adapters.sqlmodel import commit_outcome, foreign_rows, mark_statements, read_marks
from dialogue.adapters.sqlmodel.postgresql import transaction
from dialogue.adapters.sqlmodel.sqlite import database, log_growth, opened
from dialogue.adapters.threads import daemon_threads
from dialogue.adapters.uvicorn import (
    acceptor,
    exchange,
    frame_bounds,
    http_protocol,
    intake,
    request_parser,
    server,
    websocket_protocol,
)
from dialogue.adapters.wire import plain_transport, request_fields
from dialogue.application import readiness
from dialogue.application.feed import apply_events, listeners
from dialogue.application.hooks import client_hooks
from dialogue.application.publishing import erase_user
from dialogue.application.publishing.journal_queue import JournalLimits
from dialogue.application.rooms import open_history, sweeper, tell_rooms, tell_sizes
from dialogue.application.sessions import client_pace, join_room, outbox, serve_session
from dialogue.domain import errors, idempotency_key, json_value, page, retention, room
from dialogue.domain.ports import read_marks as read_mark_port
from dialogue.entrypoints.settings.environment import ENV_PREFIX
from dialogue.entrypoints.settings.settings import Settings
from dialogue.entrypoints.settings.tokens import TokenSettings

from .examples import ROOT
from .test_reference import quoted, rows

PAGE = (ROOT / "docs" / "explanation" / "bounds.md").read_text(encoding="utf-8")
ROWS = [row for row in rows(PAGE) if row[0] != "bound"]

# Settings that bound nothing.
NO_BOUNDS = {
    "bus",
    "poll_interval_s",
    "synchronous_replication",
    *("node_id", "workers"),
    *("host", "port", "database", "synchronous", "log_level", "log_format", "tracing"),
    *(
        "allowed_origins",
        "allowed_hosts",
        "auth",
        "trust_clients",
        "proxy_user_header",
        "trusted_proxies",
        "proxy_headers",
        "socketio",
        "rate_limits",
        *("uds", "root_path", "allow_credentials", "serve_page", "serve_schema", "serve_metrics"),
        "limit_store",
        *("create_rooms", "delete_rooms", "redact_events"),
    ),
    *TokenSettings.model_fields,
}

# Bounds without a setting, by the words of the page.
FIXED: dict[str, float] = {
    "bytes taken ahead of them on plain ASGI": plain_transport.HIGH_WATER,
    "the time for a close by the application": plain_transport.CLOSE_PATIENCE_S,
    "the time for what waits before a close": outbox.PATIENCE_S,
    "bytes of requests and answers of a connection in one turn of the loop": serve_session.A_TURN,
    "bytes for which a request counts at least": serve_session.LEAST,
    "readings of a room for one join": join_room.READINGS,
    "turns of the loop with too much waiting": outbox.TURNS_OF_GRACE,
    "the time for a close": websocket_protocol.FAREWELL_S,
    "fragments of a message": frame_bounds.MAX_FRAGMENTS,
    "pings and pongs of a client in a second": frame_bounds.MAX_CONTROL_FRAMES_A_SECOND,
    "connections accepted in one turn of the loop": acceptor.ACCEPTED_A_TURN,
    "frames parsed in one turn of the loop": websocket_protocol.FRAMES_A_TURN,
    "bytes parsed in one turn of the loop": intake.BYTES_A_TURN,
    "messages parsed ahead of their handling": websocket_protocol.MESSAGES_AHEAD,
    "headers of a request": request_parser.MAX_HEADERS,
    "bytes of a request's head": request_parser.MAX_HEAD,
    "bytes of a request's target": request_parser.MAX_TARGET,
    "bytes of `Host`": request_parser.MAX_HOST,
    "pieces of a body parsed in one turn of the loop": http_protocol.EVENTS_A_TURN,
    "bytes of a body that wait for the application": exchange.BODY_AHEAD,
    "the rest of a body when its answer begins": http_protocol.REST,
    "the quiet between two requests": server.KEEP_ALIVE_S,
    "other requests at once": 1,
    "pongs that wait to be sent": 1,
    "the time between two sizes that a room's members are told": tell_sizes.INTERVAL_S,
    "events of a page": page.MAX_LIMIT,
    "rooms of a list": request_fields.ListRoomsFields().limit,
    "`meta`": room.MAX_META_SIZE,
    "depth of JSON": json_value.MAX_DEPTH,
    "a request's `id`, a `key`": idempotency_key.MAX_KEY,
    "names in a request": request_fields.MAX_NAMES,
    "reasons in a refusal": errors.MAX_PROBLEMS,
    "events of a batch": JournalLimits().batch_events,
    "bytes of a batch": JournalLimits().batch_bytes,
    "events read at once to fill a gap": apply_events.READ_AT_ONCE.events,
    "the search for a commit's outcome": commit_outcome.PATIENCE_S,
    "SQLite's write-ahead log, when it begins anew": log_growth.LOG_LIMIT,
    "a check of the storage": database.CHECK_S,
    "the wait for the answer to a commit": transaction.COMMIT_S,
    "the wait for an answer past its time-out": transaction.GRACE_S,
    "transactions that read from SQLite": opened.READERS,
    "unread events that are counted": read_mark_port.MAX_UNREAD,
    "of these, one's own that are looked at": mark_statements.MAX_OWN,
    "read marks kept at once": read_marks.MARKS_AT_ONCE,
    "read marks forgotten at once": read_marks.FORGOTTEN_AT_ONCE,
    "events looked at behind those whose arrival is in the future": retention.MAX_LOOKED_AT,
    "rooms with foreign rows that are remembered": foreign_rows.MAX_ROOMS,
    "events removed at once": sweeper.REMOVED_AT_ONCE,
    "events erased at once": erase_user.FOUND_AT_ONCE,
    "events that wait for a handler of yours": listeners.MAX_BACKLOG,
    "runs of one sender that are remembered of a room, where it is the storage": senders.MOST_RUNS,
    "seqs of a room whose stream is known, where it is the storage": places.MOST,
    "events that one call of `on_cleanup` gets": hooked_stream.HANDED_AT_ONCE,
    "streams read into buffers at once": open_history.AT_ONCE,
    "the time for handlers at a stop": listeners.PATIENCE_S,
    "the time for hooks of clients at a stop": client_hooks.PATIENCE_S,
    "rooms made and deleted that wait to be told": tell_rooms.MAX_WAITING,
    "a measurement of readiness": readiness.PATIENCE_S,
    "a path": path.MAX_PATH,
    "parameters of a query": query.MAX_PARAMETERS,
    "characters of a token": jwt_authenticator.MAX_TOKEN,
    "keys of a key set": read_keys.MAX_KEYS,
    "keys that one token is tried with": verification_key.MAX_TRIED,
    "bytes of an answer with keys": jwks_address.MAX_BYTES,
    "the time for an answer with keys": jwks_address.TIMEOUT_S,
    "the age of keys before they are asked for again": jwks_address.FRESH_S,
    "the age of keys while nobody gives newer ones": jwks_address.STALE_S,
    "questions for keys in a row": jwks_address.BURST,
    "bytes of a file of keys": watched_file.MAX_SIZE,
    "a query": query.MAX_QUERY,
    "bytes that wait for the next poll": polling_transport.HIGH_WATER,
    "packets ahead of their handling": connection.PACKETS_AHEAD,
    "packets of a body in one turn of the loop": socketio_app.PACKETS_A_TURN,
    "requests of one session at once": 1,
    "the time to change to the WebSocket": socket_ways.UPGRADE_S,
    "the time for a poll that gets the close": polling_transport.CLOSE_PATIENCE_S,
    "a query of Engine.IO's": socketio_app.MAX_QUERY,
    "bytes of sessions without a connection": kept_sessions.MAX_BYTES,
    "events sent of which a session knows the offset": sent_log.MAX_MARKS,
    "bytes of answers kept to be sent again": sent_log.MAX_BODIES,
    "the pause after a warning": serve_session.WARNED_S,
    "requests `ping` of a client in a second, where limits hold": client_pace.PINGS_A_SECOND,
    "of these, on behalf of one user": Settings().max_hook_threads // daemon_threads.SHARE,
    "users, or addresses, that are remembered for each limit": meter.MAX_SUBJECTS,
}
IN_CODE: dict[str, object] = {
    "sync_history_on_join": signature(RoomConfig).parameters["sync_history_on_join"].default,
    "History(limit=…)": History().limit,
    "max_events": History().max_events,
    "max_size": signature(RoomConfig).parameters["max_size"].default,
    "max_event_names": signature(RoomConfig).parameters["max_event_names"].default,
    "max_rooms": signature(RuntimeRooms).parameters["max_rooms"].default,
    "max_rooms_per_user": signature(RuntimeRooms).parameters["max_rooms_per_user"].default,
}


def test_every_setting_that_bounds_something_is_on_the_page() -> None:
    named = {name.removeprefix(ENV_PREFIX).lower() for row in ROWS for name in quoted(row[2]) if ENV_PREFIX in name}
    assert named == Settings.model_fields.keys() - NO_BOUNDS


def test_every_bound_in_code_is_on_the_page() -> None:
    """Those of definitions, of rooms, and of rooms made at run time."""
    named = {name for row in ROWS for name in quoted(row[2])}
    assert {field.name for field in fields(RuntimeRooms) if field.name.startswith("max_")} <= named
    assert {"max_events", "max_age", "max_size", "sync_history_on_join", "History(limit=…)"} <= named


def test_every_limit_of_the_journal_is_on_the_page() -> None:
    settings = {f"max_{field.name}" for field in fields(JournalLimits) if field.name.startswith("waiting")}
    fixed = {field.name for field in fields(JournalLimits) if field.name.startswith("batch")}
    assert settings <= Settings.model_fields.keys()
    assert fixed == {"batch_events", "batch_bytes"}
    assert len(fields(JournalLimits)) == len(settings) + len(fixed) + len({"patience_s"})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_bound_has_the_default_of_the_code(row: list[str]) -> None:
    """And says what it protects, and what happens past it."""
    bound, shown, set_by, protects, past = row
    assert len(protects) > 5
    assert len(past) > 5
    names = quoted(set_by)
    number = re.match(r"[\d.]+", shown)
    if number is None:
        assert shown in ("none", "half of the backlog", "as for the two above")
        expected = [IN_CODE[name] for name in names if name in IN_CODE]
        assert expected in ([], [None])
    elif names and names[0].startswith(ENV_PREFIX):
        default = str(Settings.model_fields[names[0].removeprefix(ENV_PREFIX).lower()].default)
        assert float(number[0]) == float(default.partition("/")[0])
    elif names:
        assert float(number[0]) == IN_CODE[names[0]]
    else:
        assert float(number[0]) == FIXED[bound]


def test_every_fixed_bound_that_the_tests_know_is_on_the_page() -> None:
    assert FIXED.keys() <= {row[0] for row in ROWS}
