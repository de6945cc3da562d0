"""What every archive promises of an event's JSON: its value comes back, and it takes no more room than it took."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from dialogue.domain import json_value
from dialogue.domain.event import Event

from .storage import Storage

MOST = 64 << 10
"""How large a payload may be, in bytes, where nothing else is set."""
LETTERS = random.Random(11)
FLOATS = [1e300, -1e300, 5e-324, 1.7976931348623157e308, 1e16, -1.5e16, 1e21, 0.1 + 0.2, 1e-5, 1e-6, -1.25e-7, 1.0, 0.0]
INTEGERS = [0, 1, -1, 2**53, -(2**53), 10**15]
TEXT = 'quotes " and \\ / \b\f\n\r\t\x01\x1f\x7f \u2028 é ß 漢 \U0001f600'


def filled(item: Any) -> list[Any]:
    """As many of it as a payload of the largest size has room for, and as are allowed."""
    return [item] * min(9_999, (MOST - 2) // (len(json_value.encode(item)) + 1))


def deep(depth: int) -> Any:
    """A value in so many arrays."""
    value: Any = 1e300
    for _ in range(depth):
        value = [value]
    return value


VALUES: dict[str, Any] = {
    **{f"number {number!r}": number for number in [*FLOATS[:-2], *INTEGERS]},
    "null": None,
    "true": True,
    "text": TEXT,
    "empty": {"object": {}, "array": [], "text": "", "": 0},
    "numbers": [FLOATS, INTEGERS, {"like numbers": ["1e300", "0.000001", "1" * 40, "-0.0"]}],
    "keys": {"b": 1, "a": 2, "B": 3, "é": 4, "": 5, "long key": 6, "\U0001f600": 7, '"': 8, "a b": {"z": 1, "y": [2]}},
    "64 KiB of huge numbers": filled(1e300),
    "64 KiB of tiny numbers": filled(5e-324),
    "64 KiB of numbers of all digits": filled(-1.2345678901234567e-300),
    "64 KiB of large integers": filled(2**53),
    "64 KiB of texts": filled(TEXT),
    "64 KiB of one text": TEXT * ((MOST - 2) // (len(json_value.encode(TEXT)) - 2)),
    "64 KiB of letters": LETTERS.randbytes((MOST - 2) // 2).hex(),
    "64 KiB of objects": filled({"id": 1e-7, "name": "x"}),
    "64 arrays, one in another": deep(63),
}


def in_order(value: Any) -> Any:
    """The value with the keys of its objects in order."""
    if isinstance(value, dict):
        return {key: in_order(value[key]) for key in sorted(value)}
    return [in_order(item) for item in value] if isinstance(value, list) else value


def spelt(payload: bytes | None) -> bytes:
    """The JSON with its keys in order: what differs in a type, a digit or an escape differs here."""
    assert payload is not None
    return json_value.encode(in_order(json_value.decode(payload)))


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
async def test_json_comes_back_as_it_was_but_for_the_order_of_keys(storage: Storage, value: Any) -> None:
    payload = json_value.keepable(value, "data")
    assert len(payload) <= MOST
    draft = await storage.draft("general", payload=payload)
    [kept] = await storage.append([draft])
    [read] = await storage.all("general")
    [between] = await storage.source.between("general", "message", 1, 1, 1 << 20)
    for event in (kept, read, between):
        assert spelt(event.payload) == spelt(payload)
        assert size(event) <= size(kept), "a frame that holds it grows"


@pytest.mark.parametrize("number", [0.0, -0.0, 1.0, -3.0])
async def test_a_whole_number_that_stands_alone_keeps_its_value(storage: Storage, number: float) -> None:
    """Where an archive keeps numbers and no text of them, it may come back as an integer."""
    await storage.append([await storage.draft("general", payload=json_value.encode(number))])
    [read] = await storage.all("general")
    assert read.data == number


async def test_what_goes_with_an_event_comes_back_as_well(storage: Storage) -> None:
    meta = json_value.encode({"number": 1e300, "text": TEXT})
    [kept] = await storage.append([replace(await storage.draft("general"), meta=meta)])
    [read] = await storage.all("general")
    assert spelt(kept.meta) == spelt(read.meta) == spelt(meta)


def size(event: Event) -> int:
    """How many bytes of JSON the event brings into a frame."""
    return len(event.payload) + len(event.meta or b"")
