"""JSON out of PostgreSQL's JSONB, spelt again as validation spelt it."""

from __future__ import annotations

import json
import re

import msgspec
from anyio.lowlevel import checkpoint
from pydantic_core import to_json
from sqlalchemy.util.concurrency import await_only, in_greenlet

NUMBERS_AT_ONCE = 500
"""So many numbers are read in one turn of the loop: about a millisecond's."""
SURELY_RESPELT = 256 << 10
"""A text of more bytes has numbers that JSONB has written out, so that they need not be looked for in it."""

# Nothing shorter can be a number beyond 2**53: up to there numbers come back as they went in.
_SURELY_SMALL = 17
_DIGITS = bytes(ord("0") if chr(code).isdigit() else ord(" ") for code in range(128)) + b" " * 128
_MANY_DIGITS = b"0" * _SURELY_SMALL
_TINY = b"0.00000"
# JSONB has no exponents: 1e300 comes back as 301 digits, and 1e-6 as 0.000001. Those behind a point are a fraction's.
_RESPELT = re.compile(rb"(?<![.\d])\d{%d}|%b" % (_SURELY_SMALL, re.escape(_TINY)))


def to_jsonb(value: bytes | None) -> str | None:
    """What is bound for JSON; None is SQL's NULL, and not JSON's."""
    return None if value is None else value.decode()


def from_jsonb(value: str | bytes | None) -> bytes | None:
    """The compact JSON of what a column gave; the order of keys is JSONB's, and -0.0 came back as 0.0.

    Only where a number may be spelt otherwise than validation spells it is the text decoded, and encoded again: a legal
    event of 60 KB would come back with 3 MB.
    """
    if value is None:
        return None
    try:
        if len(value) > SURELY_RESPELT:
            return _as_validated(value)
        text = msgspec.json.format(value.encode() if isinstance(value, str) else value, indent=-1)
        return _as_validated(text) if _may_be_respelt(text) else text
    except (ValueError, RecursionError):  # somebody else's: numbers that no double holds, or nested too deep
        return value.encode() if isinstance(value, str) else value


def _may_be_respelt(text: bytes) -> bool:
    # The regular expression alone would take a hundred times as long.
    if _TINY not in text and _MANY_DIGITS not in text.translate(_DIGITS):
        return False
    return _RESPELT.search(text) is not None


def _as_validated(text: str | bytes) -> bytes:
    numbers = _Numbers()
    return to_json(json.loads(text, parse_int=numbers.integer, parse_float=numbers.fraction))


class _Numbers:
    """Reads the numbers of a text, and lets others have the loop in between: the worst text takes twenty milliseconds.

    The reader calls back for each number; there the greenlet in which SQLAlchemy runs this may be left for a while.
    """

    __slots__ = ("_count",)

    def __init__(self) -> None:
        self._count = 0

    def integer(self, digits: str) -> int | float:
        """The integer, or the number with an exponent that JSONB has written as one: those beyond ±2^53."""
        self._pause()
        if len(digits) < _SURELY_SMALL:
            return int(digits)
        number = _finite(digits)
        return number if abs(number) > 2**53 else int(digits)

    def fraction(self, digits: str) -> float:
        """The number with a point."""
        self._pause()
        return _finite(digits)

    def _pause(self) -> None:
        self._count += 1
        if self._count % NUMBERS_AT_ONCE == 0 and in_greenlet():
            await_only(checkpoint())


def _finite(digits: str) -> float:
    number = float(digits)
    if number - number != 0:
        raise ValueError(digits)
    return number
