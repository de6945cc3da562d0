"""JSON that every archive keeps alike.

SQLite stores any text; PostgreSQL's JSONB refuses NUL and lone surrogates and rewrites numbers that a double cannot
hold. What is admitted here reads back equal from all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain
from math import isfinite
from typing import Any

from pydantic_core import PydanticSerializationError, from_json, to_json

from .errors import InvalidEvent, Problem

MAX_DEPTH = 64
MAX_INTEGER = 2**53
MAX_VALUES = 10_000

_PLAIN = {str, int, float, bool, type(None), dict, list}
_CONTAINERS = {dict, list}
_MOST_AT_ONCE = 100_000
_FEW = 16


class RepeatedKey(dict[str, object]):
    """A JSON object as read from text in which a key stood twice; `key` is the first that did."""

    key: str


def encode(value: object) -> bytes:
    """`value` as compact JSON in UTF-8."""
    return to_json(value, inf_nan_mode="constants")


def decode(text: bytes) -> object:
    """The value of JSON that was kept."""
    value: object = from_json(text)
    return value


def keepable(value: object, path: str) -> bytes:
    """`value` as compact JSON, or InvalidEvent with the path of the first part that not every archive would keep."""
    ensure_keepable(value, path)
    try:
        return encode(value)
    except PydanticSerializationError as error:
        raise InvalidEvent([Problem(path, f"must be JSON: {error}")]) from error


def as_sent(value: object) -> bytes:
    """`value` as JSON whatever it holds, for comparing what was sent twice; InvalidEvent where it is no JSON at all."""
    try:
        return encode(value)
    except (PydanticSerializationError, UnicodeError) as error:
        raise InvalidEvent([Problem("data", f"must be JSON: {error}")]) from error


def is_unicode(text: str) -> bool:
    """Whether `text` has no lone surrogates, which UTF-8 cannot hold."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def ensure_keepable(value: object, path: str) -> None:
    """Raise InvalidEvent where `value`, found at `path`, holds what not every archive keeps alike."""
    if _is_plainly_keepable(value):
        return
    if _is_small(value) or not _is_surely_keepable(value):
        flaw = _flaw(value, path, 0)
        if flaw is not None:
            raise InvalidEvent([flaw])


def may_hold_more_values(text: str | bytes, most: int) -> bool:
    """Whether the JSON `text` could hold more than `most` values: told from its commas and brackets alone."""
    if len(text) < most:
        return False
    if isinstance(text, str):
        return text.count(",") + text.count("[") + text.count("{") + 1 > most
    return text.count(b",") + text.count(b"[") + text.count(b"{") + 1 > most


def holds_more_values(value: object, most: int) -> bool:
    """Whether `value` holds more than `most` values: texts, numbers, objects, arrays and the like, itself included."""
    count = 1
    level = [value]
    while level and count <= most:
        level = _children(level)
        count += len(level)
    return count > most


def keys_in(value: object) -> int:
    """How many keys all objects in `value` have together; it is as a decoder made it."""
    count = 0
    level = [value]
    while not _CONTAINERS.isdisjoint(map(type, level)):
        objects = [each for each in level if type(each) is dict]
        count += sum(map(len, objects))
        arrays = [each for each in level if type(each) is list]
        level = [*chain.from_iterable(map(dict.values, objects)), *chain.from_iterable(arrays)]
    return count


def _children(values: Iterable[object]) -> list[object]:
    """What stands directly in those of the values that are objects or arrays."""
    found: list[object] = []
    for value in filter(None, values):  # what is empty costs as little as a number
        if isinstance(value, dict):
            found.extend(value.values())
        elif isinstance(value, (list, tuple)):
            found.extend(value)
    return found


def _is_plainly_keepable(value: object) -> bool:
    """Whether `value` is an object of a few plain texts, integers and the like, as most events are."""
    if type(value) is not dict or len(value) > _FEW:
        return False
    for key, item in value.items():
        if type(key) is not str or not key.isascii() or "\0" in key:
            return False
        if type(item) is str:
            if not item.isascii() or "\0" in item:
                return False
        elif type(item) is int:
            if not -MAX_INTEGER <= item <= MAX_INTEGER:
                return False
        elif item is not None and type(item) is not bool:
            return False
    return True


def _is_small(value: object) -> bool:
    """Whether looking at the values one by one is the quickest way."""
    values = value.values() if type(value) is dict else value if type(value) is list else ()
    return len(values) <= _FEW and _CONTAINERS.isdisjoint(map(type, values))


def _is_surely_keepable(value: object) -> bool:
    """Whether a look at all values of a level at once finds nothing; what it finds, `_flaw` says with its path.

    Ten thousand values one by one take several milliseconds, in which nobody else is served.
    """
    level: list[object] = [value]
    for depth in range(MAX_DEPTH + 1):
        kinds = {*map(type, level)}
        if not kinds <= _PLAIN:
            return False
        if str in kinds and not _are_keepable_texts([each for each in level if type(each) is str]):
            return False
        if int in kinds and not _are_keepable_integers([each for each in level if type(each) is int]):
            return False
        if float in kinds and not all(map(isfinite, [each for each in level if type(each) is float])):
            return False
        if not kinds & _CONTAINERS:
            return True
        if depth == MAX_DEPTH:
            return False
        keys = [*chain.from_iterable([each for each in level if type(each) is dict])]
        if keys and ({*map(type, keys)} != {str} or not _are_keepable_texts(keys)):
            return False
        level = _children(level)
        if not level:
            return True
        if len(level) > _MOST_AT_ONCE:
            return False  # perhaps it holds itself
    return False


def _are_keepable_texts(texts: Iterable[Any]) -> bool:
    joined = "".join(texts)
    return "\0" not in joined and is_unicode(joined)


def _are_keepable_integers(integers: list[Any]) -> bool:
    return bool(min(integers) >= -MAX_INTEGER and max(integers) <= MAX_INTEGER)


def _flaw(value: object, path: str, depth: int) -> Problem | None:
    check = _CHECKS.get(type(value))
    if check is not None:
        return check(value, path, depth)
    for kind in (str, bool, int, float, dict, list, tuple):  # subclasses: IntEnum, RepeatedKey, …
        if isinstance(value, kind):
            return _CHECKS[kind](value, path, depth)
    return Problem(path, f"must be a JSON value, not {type(value).__name__}")


def _flaw_of_text(value: str, path: str, _depth: int) -> Problem | None:
    if "\0" in value:
        return Problem(path, "must not contain NUL (U+0000)")
    if not is_unicode(value):
        return Problem(path, "must be valid Unicode, without lone surrogates")
    return None


def _flaw_of_integer(value: int, path: str, _depth: int) -> Problem | None:
    if -MAX_INTEGER <= value <= MAX_INTEGER:
        return None
    return Problem(path, "must be an integer within ±2^53")


def _flaw_of_number(value: float, path: str, _depth: int) -> Problem | None:
    return None if isfinite(value) else Problem(path, "must be a finite number")


def _flaw_of_object(value: dict[object, object], path: str, depth: int) -> Problem | None:
    if depth >= MAX_DEPTH:
        return Problem(path, f"must not be nested deeper than {MAX_DEPTH}")
    if isinstance(value, RepeatedKey):
        return Problem(path, f"must not have the key {value.key!r} twice")
    for key, item in value.items():
        if not isinstance(key, str):
            return Problem(path, "must have texts as keys")
        flaw = _flaw_of_text(key, path, depth) or _flaw(item, f"{path}.{key}", depth + 1)
        if flaw is not None:
            return flaw
    return None


def _flaw_of_array(value: list[object], path: str, depth: int) -> Problem | None:
    if depth >= MAX_DEPTH:
        return Problem(path, f"must not be nested deeper than {MAX_DEPTH}")
    for index, item in enumerate(value):
        flaw = _flaw(item, f"{path}[{index}]", depth + 1)
        if flaw is not None:
            return flaw
    return None


def _fine(_value: object, _path: str, _depth: int) -> None:
    return None


_CHECKS: dict[type, Callable[..., Problem | None]] = {
    str: _flaw_of_text,
    int: _flaw_of_integer,
    float: _flaw_of_number,
    bool: _fine,
    type(None): _fine,
    dict: _flaw_of_object,
    list: _flaw_of_array,
    tuple: _flaw_of_array,
}
