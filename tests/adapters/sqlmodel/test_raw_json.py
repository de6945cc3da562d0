"""Payloads come back as the JSON that they were."""

from __future__ import annotations

import sqlite3
import struct
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dialogue.adapters.sqlmodel.history_archive import SqlHistoryArchive
from dialogue.adapters.sqlmodel.history_source import SqlHistorySource
from dialogue.adapters.sqlmodel.raw_json import to_column
from dialogue.adapters.sqlmodel.sqlite.database import SqliteDatabase
from dialogue.domain import json_value
from dialogue.domain.draft import Draft
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.errors import DialogueError, InvalidEvent
from dialogue.domain.event import Event
from dialogue.domain.page import PageLimit

from ...support.appending import append

ROOM_NUMBERS = count()

numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)


async def kept(database: SqliteDatabase, payload: bytes, meta: bytes | None = None) -> Event:
    """What is read of an event that was kept with `payload`."""
    archive, room_id = SqlHistoryArchive(database), f"room-{next(ROOM_NUMBERS)}"
    epoch = (await archive.open(room_id)).epoch
    draft = Draft(room_id=room_id, epoch=epoch, name="message", payload=payload, sender="u", meta=meta)
    await append(archive, [draft], 1)
    [event] = await SqlHistorySource(database).older(room_id, None, 2, PageLimit())
    return event


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(value=scalars | values)
@example(value=None)
@example(value=5e-324)
@example(value=1.7976931348623157e308)
@example(value=2**53)
@example(value=0.1 + 0.2)
@example(value="5")
@example(value="null")
@example(value=" 1 ")
async def test_every_json_value_comes_back_equal(database: SqliteDatabase, value: Any) -> None:
    event = await kept(database, json_value.encode(value))
    data: Any = event.data
    assert data == value
    assert (data is True or data is False) == isinstance(value, bool)
    if isinstance(value, float):
        assert struct.pack("<d", data + 0.0) == struct.pack(
            "<d", value + 0.0
        )  # to the last bit, but for the zero's sign


@pytest.mark.parametrize(
    "payload",
    [
        b"null",
        b"true",
        b'""',
        b'"5"',
        b'"1.0"',
        b'"\\u0041\\n"',
        b"[]",
        b"{}",
        b'{"b":1.0,"a":1e300,"c":-0.0}',
        b'{"text":"\xf0\x9f\x98\x80"}',
        b'"%s"' % (b"x" * 1_000_000),
    ],
)
async def test_json_is_passed_through_as_the_text_that_it_was(database: SqliteDatabase, payload: bytes) -> None:
    event = await kept(database, payload, meta=payload)
    assert event.payload == payload
    assert event.meta == payload


@pytest.mark.parametrize("payload", [b"5", b"-1", b"0", b"1e300", b"1.5", b"-2.5e-7", b"9007199254740992", b"1E2"])
async def test_a_number_alone_keeps_its_value(database: SqliteDatabase, payload: bytes) -> None:
    assert (await kept(database, payload)).data == json_value.decode(payload)


async def test_a_number_beyond_64_bits_is_kept_as_the_nearest_double(database: SqliteDatabase) -> None:
    assert (await kept(database, b"123456789012345678901234567890")).data == 123456789012345678901234567890.0


async def test_json_null_is_no_sql_null_and_no_meta_is(database: SqliteDatabase, path: Path) -> None:
    event = await kept(database, b"null")
    assert event.meta is None
    connection = sqlite3.connect(path)
    row = connection.execute("SELECT event_data, typeof(event_data), typeof(meta) FROM messages").fetchone()
    connection.close()
    assert row == ("null", "text", "null")


async def test_sql_can_look_into_payloads(database: SqliteDatabase, path: Path) -> None:
    await kept(database, b'{"text":"hi"}')
    connection = sqlite3.connect(path)
    [(found,)] = connection.execute("SELECT event_data ->> 'text' FROM messages").fetchall()
    connection.close()
    assert found == "hi"


async def test_a_draft_that_is_no_unicode_is_refused_alone(database: SqliteDatabase) -> None:
    archive = SqlHistoryArchive(database)
    epoch = (await archive.open("general")).epoch
    drafts = [
        Draft(room_id="general", epoch=epoch, name="message", payload=payload, sender=sender)
        for payload, sender in ((b"1", "u"), (b'"\xff"', "u"), (b"1", "\ud800"), (b"2", "u"))
    ]
    outcomes = await append(archive, drafts, 1)
    assert [outcome.code if isinstance(outcome, DialogueError) else outcome.seq for outcome in outcomes] == [
        1,
        "INVALID_EVENT",
        "INVALID_EVENT",
        2,
    ]


async def test_a_group_with_such_a_draft_is_refused_wholly(database: SqliteDatabase) -> None:
    archive = SqlHistoryArchive(database)
    epoch = (await archive.open("general")).epoch
    good = Draft(room_id="general", epoch=epoch, name="message", payload=b"1", sender="u")
    bad = replace(good, payload=b'"\xff"')
    refused, kept = await append(archive, [DraftGroup.of(good, bad, good), good])
    assert isinstance(refused, InvalidEvent)
    assert isinstance(kept, Event)
    assert kept.seq == 1
    assert (await archive.open("general")).head == 1


@pytest.mark.parametrize(
    ("payload", "bound"), [(b"0.30000000000000004", 0.1 + 0.2), (b"5", 5), (b"-1e300", -1e300), (b'"5"', '"5"')]
)
def test_numbers_are_not_left_to_sqlite_to_parse(payload: bytes, bound: object) -> None:
    """It promises 15 digits only, and takes what the platform's long double gives."""
    value = to_column(payload)
    assert value == bound
    assert type(value) is type(bound)
