"""One call of the SQL function `dialogue_publish`, over any driver, and what becomes of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Boolean, Connection, LargeBinary, Select, Text, bindparam, cast, column, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError

from ....domain.draft import Draft
from ....domain.errors import (
    DialogueError,
    EventNotAllowed,
    Forbidden,
    InvalidEvent,
    InvalidRequest,
    Problem,
    RoomNotFound,
    TransactionConflict,
    Unavailable,
)
from ....domain.event import Event
from ....domain.idempotency_key import IdempotencyKey

CONFLICTS = {"40001": "it could not be serialized", "40P01": "a deadlock", "55P03": "a lock that was not free in time"}
NOT_THERE = {"42883": "no function dialogue_publish", "3F000": "no schema of Dialogue's"}

# As the function words its refusals: what is wrong, and why. A driver may put its own words around it.
_REFUSAL = re.compile(r"\b(room_id|event_name|data|from_user|meta|key|transaction|database): ([^\n]*)")
_KEPT_NAMES = re.compile(r"^DETAIL:\s*(\[.*\])$", re.MULTILINE)
# JSONB cannot tell 1e300 from an integer; with a fraction, be it .0, it can. Texts are passed over.
_TEXT_OR_EXPONENT = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?[eE][+-]?\d+')


@dataclass(frozen=True, slots=True)
class Place:
    """Where the function is: its schema, and which database of which server."""

    schema: str
    database: str


class OtherDatabase(InvalidRequest):
    """The connection leads to another database than the application's."""

    def __init__(self, why: str) -> None:
        super().__init__([Problem("within", f"is not connected to this application's database: {why}")])


def keep(connection: Connection, place: Place, draft: Draft, key: IdempotencyKey | None) -> Event:
    """Keep the event in the connection's transaction; see `TransactionArchive.keep`."""
    try:
        row = connection.execute(_call(place.schema), _arguments(place, draft, key)).one()
    except DBAPIError as error:
        refusal = _refusal(error, draft)
        if refusal is None:
            raise
        raise refusal from error
    return replace(draft.kept(seq=row.seq, timestamp_ms=row.timestamp), epoch=None)


@cache
def _call(schema: str) -> Select[Any]:
    # Types are said, so that no driver guesses which function is meant.
    function = getattr(func, schema).dialogue_publish(
        cast(bindparam("room_id", type_=Text), Text),
        cast(bindparam("event_name", type_=Text), Text),
        cast(cast(bindparam("data", type_=Text), Text), JSONB),
        cast(bindparam("from_user", type_=Text), Text),
        cast(cast(bindparam("meta", type_=Text), Text), JSONB),
        cast(bindparam("key", type_=Text), Text),
        cast(bindparam("digest", type_=LargeBinary), LargeBinary),
        cast(bindparam("database", type_=Text), Text),
    )
    columns = column("seq", BigInteger), column("timestamp", BigInteger), column("duplicate", Boolean)
    return select("*").select_from(function.table_valued(*columns))


def _arguments(place: Place, draft: Draft, key: IdempotencyKey | None) -> dict[str, Any]:
    return {
        "room_id": draft.room_id,
        "event_name": draft.name,
        "data": _spelt_for_jsonb(draft.payload),
        "from_user": draft.sender,
        "meta": None if draft.meta is None else _spelt_for_jsonb(draft.meta),
        "key": None if key is None else key.text,
        "digest": None if key is None else key.digest,
        "database": place.database,
    }


def _spelt_for_jsonb(payload: bytes) -> str:
    return _TEXT_OR_EXPONENT.sub(_with_fraction, payload.decode())


def _with_fraction(found: re.Match[str]) -> str:
    if found[0].startswith('"'):
        return found[0]
    digits = format(Decimal(found[0]), "f")
    return digits if "." in digits else f"{digits}.0"


def _refusal(error: DBAPIError, draft: Draft) -> DialogueError | None:
    state, told = _sqlstate(error), _told(error)
    said = _REFUSAL.search(told)
    path, why = said.groups() if said else ("", "")
    match state:
        case "DLG01":
            return RoomNotFound(draft.room_id)
        case "DLG02":
            kept = _KEPT_NAMES.search(told)
            names = json.loads(kept[1]) if kept else ()
            return EventNotAllowed(draft.room_id, draft.name, names, why="is not kept, as the database has it,")
        case "DLG03":
            return InvalidEvent([Problem(path, why)])
        case "DLG04":
            return InvalidRequest.field("sender" if path == "from_user" else path, why)
        case "DLG05":
            return InvalidRequest.field("within", f"{path} {why}")
        case "DLG06":
            return Unavailable("No server of this application has run over the database yet")
        case "DLG07":
            return OtherDatabase("it is another one, or on another server")
        case "42501":
            return Forbidden("Whoever is connected may not publish: GRANT EXECUTE ON FUNCTION dialogue_publish TO them")
    if state in NOT_THERE:
        return OtherDatabase(f"it has {NOT_THERE[state]}")
    return TransactionConflict(CONFLICTS[state]) if state in CONFLICTS else None


def _sqlstate(error: DBAPIError) -> str:
    """PostgreSQL's five characters for what went wrong, as one driver or another has them."""
    original: Any = error.orig
    found = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None) or _fields(error).get("C")
    return str(found or "")


def _told(error: DBAPIError) -> str:
    """The message, and in a line of its own the detail."""
    fields = _fields(error)
    return f"{fields['M']}\nDETAIL: {fields.get('D')}" if "M" in fields else str(error.orig)


def _fields(error: DBAPIError) -> Mapping[str, str]:
    """The answer's fields by their letters, of a driver (pg8000) that hands them on so; of others nothing."""
    given = error.orig.args[:1] if error.orig is not None else ()
    return given[0] if given and isinstance(given[0], dict) else {}
