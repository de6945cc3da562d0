"""What makes a repeated request be carried out once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

import msgspec
from pydantic_core import from_json

from . import json_value
from .errors import InvalidRequest

MAX_KEY = 64

SCHEME = b"\x01"
"""What the digests that are made here begin with; those that a database makes begin with another byte."""

BATCH = "\0"
"""What the text of a batch's key begins with, and that of no other can."""

WITH_EXPONENT = 1e16
"""From here on a float is spelt with an exponent, and equals no integer that an event may hold."""

_MAY_BE_EXPONENT = re.compile(rb"e[-+0-9]")


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A sender's name for one event in one life of a room, and a digest of what it was first used for.

    The digest is of what was sent, not of what a schema made of it: a default that is different each time (a time, an
    id) makes no other event. The order of an object's keys, and how a number is spelt, make none either. Its first byte
    names the scheme by which it was made.
    """

    text: str
    digest: bytes

    @classmethod
    def of(cls, text: str, event_name: str, data: object, meta: Mapping[str, object] | None) -> IdempotencyKey:
        """The key `text` for this event. Raises InvalidRequest where it cannot be a key."""
        _refuse_flaws(text)
        return cls(text, _digest([event_name, data, meta]))

    @classmethod
    def of_json(cls, text: str, event_name: str, data: bytes, meta: bytes | None) -> IdempotencyKey:
        """The same, where what was sent is there as JSON already: making that takes as long as all else."""
        _refuse_flaws(text)
        sent = b"[%b,%b,%b]" % (json_value.encode(event_name), data, b"null" if meta is None else meta)
        return cls(text, _digest_of(sent))

    @classmethod
    def of_batch(cls, text: str, events: Iterable[tuple[str, object, Mapping[str, object] | None]]) -> IdempotencyKey:
        """The key `text` for these events together: another one than that of a single event."""
        _refuse_flaws(text)
        return cls(BATCH + text, _digest([list(event) for event in events]))

    def is_repeat_of(self, digest: bytes) -> bool:
        """Whether the same event was meant when this key was used with `digest`.

        Two digests of different schemes cannot be compared: then the key alone tells.
        """
        return digest == self.digest or digest[:1] != self.digest[:1]


def _refuse_flaws(text: str) -> None:
    if not 1 <= len(text) <= MAX_KEY or not json_value.is_unicode(text) or "\0" in text:
        raise InvalidRequest.field("key", f"must have 1 to {MAX_KEY} characters of valid Unicode, without NUL")


def _digest(value: object) -> bytes:
    return _digest_of(json_value.as_sent(value))


def _digest_of(sent: bytes) -> bytes:
    return SCHEME + sha256(_spelt_alike(sent)).digest()


def _spelt_alike(sent: bytes) -> bytes:
    """The same bytes for all JSON that is equal: keys in order, and whole numbers as integers."""
    try:
        value: object = from_json(sent, allow_inf_nan=False)  # msgspec takes 8 µs for each number like 1e300
    except ValueError:  # what is no JSON, and may be sent in Python: not a number, an infinity
        return _canonical(_with_whole_numbers(json_value.decode(sent)))
    if b".0" not in sent and not _MAY_BE_EXPONENT.search(sent):
        return _canonical(value)
    if b"\\" in sent or b"-0.0" in sent or _MAY_BE_EXPONENT.search(sent):
        return _canonical(_with_whole_numbers(value))
    # A look at each of ten thousand numbers takes milliseconds. What stands between the texts is short.
    parts = _canonical(value).split(b'"')
    between = b'"'.join(parts[::2])
    for end in (b",", b"]", b"}"):
        between = between.replace(b".0" + end, end)
    parts[::2] = between.split(b'"')
    return b'"'.join(parts)


def key_id(room_id: str, epoch: str, sender: str, text: str) -> bytes:
    """A hash of what a key belongs to and of its text: no two that differ have the same. Databases make it likewise."""
    parts = map(str.encode, (room_id, epoch, sender, text))
    return sha256(b"".join(b"%d:%b" % (len(part), part) for part in parts)).digest()


def _with_whole_numbers(value: object) -> object:
    """`value` with numbers that are equal spelt alike."""
    if isinstance(value, float):
        return int(value) if -WITH_EXPONENT < value < WITH_EXPONENT and value.is_integer() else value
    if isinstance(value, list):
        return [_with_whole_numbers(item) for item in value]
    if isinstance(value, dict):
        return {key: _with_whole_numbers(item) for key, item in value.items()}
    return value


def _canonical(value: object) -> bytes:
    """The same bytes for all values that are equal."""
    try:
        return msgspec.json.encode(value, order="sorted")
    except OverflowError:  # an integer of more than 64 bits
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
