"""What JSONB spells in its own way comes back as validation spelt it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from anyio import create_task_group
from anyio.lowlevel import checkpoint
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.util.concurrency import greenlet_spawn

from dialogue.adapters.sqlmodel.jsonb import NUMBERS_AT_ONCE, from_jsonb, to_jsonb
from dialogue.domain import json_value

from ....support.postgresql import PostgresqlServer

numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)


@pytest.fixture(scope="module")
def connection(postgresql_server: PostgresqlServer) -> Iterator[psycopg.Connection]:
    """A connection in which nothing is kept."""
    with psycopg.connect(postgresql_server.url(), autocommit=True) as connection:
        yield connection


def kept(connection: psycopg.Connection, json: bytes) -> bytes:
    """`json` as it comes back."""
    row = connection.execute("SELECT (%s::jsonb)::text", [to_jsonb(json)]).fetchone()
    assert row is not None
    found = from_jsonb(row[0])
    assert found is not None
    return found


def in_order(value: Any) -> Any:
    """The value with its keys in order, and 0.0 for -0.0: what JSONB does not keep."""
    if isinstance(value, dict):
        return {key: in_order(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [in_order(item) for item in value]
    return 0.0 if isinstance(value, float) and value == 0 else value


def spelt(value: Any) -> bytes:
    """As validation spells it, its keys in order."""
    return json_value.encode(in_order(value))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(value=values)
@example(value=[1e300, -1e300, 5e-324, 1e16, -1.5e16, 1e15, 1e-5, 1e-6, -1.25e-7, 0.1 + 0.2, 1.7976931348623157e308])
@example(value=[2**53, -(2**53), 9007199254740994.0, 0.0, -0.0, 1.0, 100.0, 123456789012345680.0])
@example(value={"b": 'quote" \\ / \b\f\n\r\t\x1f\x7f\u2028 é😀', "a": "1e300", "B": "12345678901234567890", "": {}})
@example(value=["0.000001", "1" * 17, 1e-6, 1e17])
@example(value="0.00000")
@example(value=1e300)
@example(value=-5e-324)
async def test_json_comes_back_as_it_was_spelt_but_for_the_order_of_its_keys(
    connection: psycopg.Connection, value: Any
) -> None:
    found = kept(connection, json_value.encode(value))
    assert spelt(json_value.decode(found)) == spelt(value)
    assert len(found) == len(json_value.encode(in_order(value)))


@pytest.mark.parametrize(
    "json", [b"null", b"true", b'""', b'"5"', b"[]", b"{}", b'{"a":1.0}', b'{"a":"x, y: z","b":[1,2]}', b"[0.10, 1E2]"]
)
async def test_what_is_spelt_by_somebody_else_keeps_its_value(connection: psycopg.Connection, json: bytes) -> None:
    assert json_value.decode(kept(connection, json)) == json_value.decode(json)


@pytest.mark.parametrize("json", [b"[1e400,1e300]", b"[" * 5_000 + b"1e20" + b"]" * 5_000], ids=["huge", "deep"])
async def test_what_no_event_of_ours_could_hold_is_left_as_it_is(connection: psycopg.Connection, json: bytes) -> None:
    found = kept(connection, json)
    assert b"e" not in found
    assert found.count(b"[") == json.count(b"[")


@pytest.mark.parametrize("number", [1e300, -1.2345678901234567e300, 5e-324, 1.2345678901234567e17])
async def test_the_loop_gets_many_turns_while_the_worst_is_read(connection: psycopg.Connection, number: float) -> None:
    row = connection.execute("SELECT (%s::jsonb)::text", [to_jsonb(json_value.encode([number] * 9_999))]).fetchone()
    assert row is not None
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await checkpoint()
            turns += 1

    async with create_task_group() as tasks:
        tasks.start_soon(count)
        found = await greenlet_spawn(from_jsonb, row[0])
        tasks.cancel_scope.cancel()
    assert found == json_value.encode([number] * 9_999)
    assert turns >= 9_999 // NUMBERS_AT_ONCE - 1


@pytest.mark.parametrize("number", [1e300, 5e-324, 1.2345678901234567e17, -1e16])
async def test_64_kib_of_such_numbers_come_back_as_long_as_they_were(
    connection: psycopg.Connection, number: float
) -> None:
    json = json_value.encode([number] * 9_999)
    assert kept(connection, json) == json
