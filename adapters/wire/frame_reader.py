"""Reading JSON that strangers send."""

from __future__ import annotations

import json
from typing import NoReturn

from pydantic_core import from_json

from ...domain.errors import InvalidEvent, InvalidRequest, Problem
from ...domain.json_value import (
    MAX_VALUES,
    RepeatedKey,
    ensure_keepable,
    holds_more_values,
    keys_in,
    may_hold_more_values,
)

_PAYLOADS = ("data", "meta")

LARGE = 4_096
"""From this length on the objects of a text are looked at all together, level by level."""


class FrameReader:
    """Turns the text of a message into a JSON object, refusing what JSON does not allow or leaves open.

    NaN and infinities are refused; so are a key that stands twice in one object, and more than `max_values` values: in
    a payload as InvalidEvent, elsewhere as InvalidRequest. `whole` is what a refusal calls the message itself.
    """

    def __init__(self, max_values: int = MAX_VALUES, whole: str = "frame") -> None:
        self._whole = whole
        self._max_values = max_values
        self._has_repeats = False
        self._may_be_too_much = False
        self._decoder = json.JSONDecoder(object_pairs_hook=self._object, parse_constant=_refuse_constant)

    def read(self, text: str) -> dict[str, object]:
        """The object that `text` holds. Raises InvalidRequest."""
        value = self.read_any(text)
        if not isinstance(value, dict):
            raise InvalidRequest.field(self._whole, "must be a JSON object")
        return value

    def read_any(self, text: str) -> object:
        """The value that `text` holds. Raises InvalidRequest."""
        self._has_repeats = False
        self._may_be_too_much = len(text) >= self._max_values and may_hold_more_values(text, self._max_values)
        try:
            return _plain_value(text)
        except (_NotPlain, ValueError, TypeError, RecursionError):
            pass  # it has to be looked at more closely, for what is wrong with it above all
        try:
            value: object = self._decoder.decode(text)
        except RecursionError:
            raise InvalidRequest.field(self._whole, "is nested too deeply") from None
        except ValueError as error:  # also an integer of more digits than Python reads
            raise InvalidRequest.field(self._whole, f"must be a JSON object: {error}") from None
        return value

    def refuse_flaws(self, message: dict[str, object]) -> None:
        """Raise where `message`, which was the last that was read, holds too many values or a key twice."""
        if self._may_be_too_much:
            self._refuse_too_much(message)
        if self._has_repeats:
            self._refuse_repeats(message)

    def _refuse_too_much(self, message: dict[str, object]) -> None:
        for name, value in message.items():
            if holds_more_values(value, self._max_values):
                problem = Problem(name, f"must hold at most {self._max_values} values")
                raise InvalidEvent([problem]) if name in _PAYLOADS else InvalidRequest([problem])

    def _refuse_repeats(self, message: dict[str, object]) -> None:
        if isinstance(message, RepeatedKey):
            raise InvalidRequest.field(message.key, "stands twice")
        for name, value in message.items():
            if name in _PAYLOADS:
                ensure_keepable(value, name)
        for name, value in message.items():
            if name not in _PAYLOADS:
                _refuse_repeats_in(value, name)

    def _object(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        if not pairs:
            return {}
        value = dict(pairs)
        if len(value) == len(pairs):
            return value
        self._has_repeats = True
        repeated = RepeatedKey(value)
        seen: set[str] = set()
        repeated.key = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        return repeated


def _refuse_repeats_in(value: object, name: str) -> None:
    try:
        ensure_keepable(value, name)
    except InvalidEvent as error:
        raise InvalidRequest(error.problems) from None


class _NotPlain(Exception):
    """A text has to be read object by object."""


def _plain_value(text: str) -> object:
    """The value of a text in which no key stands twice.

    Where each key is followed by its colon, and no quote is escaped, the text has as many keys as places that look like
    this: where its objects have as many, none was lost. A call for each object of a large text would take longer than
    all the rest.

    Not by msgspec, which is a little quicker, and takes 8 µs for each number like 1e300: 80 ms for one frame of them.
    """
    if '\\"' in text or " :" in text or "\t:" in text or "\n:" in text or "\r:" in text:
        raise _NotPlain
    value: object = from_json(text, allow_inf_nan=False)
    if (keys_in(value) if len(text) >= LARGE else _few_keys_in(value)) != text.count('":'):
        raise _NotPlain
    return value


def _few_keys_in(value: object) -> int:
    if type(value) is dict:
        count = len(value)
        for each in value.values():
            if type(each) is dict or type(each) is list:
                count += _few_keys_in(each)
        return count
    return sum(map(_few_keys_in, value)) if type(value) is list else 0


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
