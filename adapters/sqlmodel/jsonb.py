"""JSON out of PostgreSQL's JSONB, spelt again as validation spelt it."""

from __future__ import annotations

import json
import re

import msgspec
from pydantic_core import to_json

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
    text = value.encode() if isinstance(value, str) else value
    try:
        text = msgspec.json.format(text, indent=-1)
        return _as_validated(text) if _may_be_respelt(text) else text
    except (ValueError, RecursionError):
        return text  # somebody else's: numbers that no double holds, or nested deeper than any event


def _may_be_respelt(text: bytes) -> bool:
    # The regular expression alone would take a hundred times as long.
    if _TINY not in text and _MANY_DIGITS not in text.translate(_DIGITS):
        return False
    return _RESPELT.search(text) is not None


def _as_validated(text: bytes) -> bytes:
    return to_json(json.loads(text, parse_int=_integer, parse_float=_float))


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < _SURELY_SMALL else _beyond(digits)


def _beyond(digits: str) -> int | float:
    """Integers beyond ±2^53 are no events' integers: they were numbers with an exponent."""
    number = _float(digits)
    return number if abs(number) > 2**53 else int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if number - number != 0:
        raise ValueError(digits)
    return number
