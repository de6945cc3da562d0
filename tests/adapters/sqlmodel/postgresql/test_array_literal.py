"""Arrays as text: the server reads what was meant, whatever the values hold."""

from __future__ import annotations

import asyncpg
import pytest

from dialogue.adapters.sqlmodel.postgresql.array_literal import numbers, texts

pytestmark = pytest.mark.anyio

TEXTS = [
    "plain",
    "",
    " ",
    "NULL",
    "null",
    "a,b",
    "{}",
    "}",
    '"',
    '","',
    '""',
    "\\",
    '\\"',
    "\n\t",
    "\u00e9\U0001f600",
    "'",
]


@pytest.mark.parametrize("values", [[], ["one"], ["one", "two"], ["a,b", "NULL"], *[[each] for each in TEXTS], TEXTS])
async def test_texts_come_as_they_are(url: str, values: list[str]) -> None:
    connection = await asyncpg.connect(url)
    try:
        assert await connection.fetchval("SELECT $1::text::text[]", texts(values)) == values
    finally:
        await connection.close()


async def test_numbers_come_as_they_are(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for values in ([], [0], [-1, 2**63 - 1, -(2**63)]):
            assert await connection.fetchval("SELECT $1::text::bigint[]", numbers(values)) == values
    finally:
        await connection.close()
