"""Types of columns, each as its database has it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Integer, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

ROW_ID = BigInteger().with_variant(Integer, "sqlite")
"""A number that the database gives; SQLite gives one only to its own INTEGER."""

JSON_TEXT: TypeEngine[Any] = JSON().with_variant(JSONB, "postgresql")
"""Any JSON of an event's: JSONB where there is that."""


def key(length: int) -> String:
    """A text that rows are found by, locked and listed in the order of: that of its bytes, as in Python and SQLite."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")
