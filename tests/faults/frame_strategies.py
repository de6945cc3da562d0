"""What strangers send, for hypothesis: requests with flaws in them, JSON of every kind, and what is no JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

Pairs = list[tuple[str, str]]
"""Keys and values of an object, each as the text that stands for it: so that a key may stand twice."""

MAX_FRAME = 65_536

ODD_TEXTS = [
    '""',
    '" "',
    r'"\u0000"',
    r'"a\u0000b"',
    r'"\ud800"',
    r'"\udfff\ud800"',
    r'"\ud83d\ude00"',
    '"\u2028\ufeff\u202e"',
    '"__proto__"',
    '"dialogue.redacted"',
    '"*"',
    f'"{"x" * 101}"',
    f'"{"€" * 256}"',
    f'"{"x" * 20_000}"',
]
ODD_NUMBERS = [
    "0",
    "-0",
    "-0.0",
    "-1",
    "1.0",
    "1.5",
    "1e2",
    "1e999",
    "-1e999",
    "1e-999",
    str(2**53),
    str(2**53 + 1),
    str(2**63),
    str(2**64),
    "9" * 400,
    "9" * 5_000,
    "NaN",
    "Infinity",
    "-Infinity",
]
OTHERS = ["null", "true", "false", "[]", "{}", "[[]]", '{"": {}}']
DEEP = ["[" * depth + "]" * depth for depth in (63, 64, 65, 66, 900, 1_200, 20_000)] + [
    '{"a":' * depth + "1" + "}" * depth for depth in (64, 65, 900, 9_000)
]


@st.composite
def weighted(draw: st.DrawFn, *choices: tuple[int, st.SearchStrategy[Any]]) -> Any:
    """One of the strategies, the more often the larger its weight."""
    chosen = [strategy for weight, strategy in choices for _ in range(weight)]
    return draw(chosen[draw(st.integers(0, len(chosen) - 1))])


def _object(pairs: Sequence[tuple[str, str]]) -> str:
    return "{" + ",".join(f"{key}:{value}" for key, value in pairs) + "}"


_KEYS = st.sampled_from(['"a"', '"text"', '""', r'"\u0000"', r'"\ud800"', '"seq"', '"epoch"', '"userId"'])
_LEAVES = st.one_of(
    st.sampled_from(ODD_TEXTS),
    st.sampled_from(ODD_NUMBERS),
    st.sampled_from(OTHERS),
    st.text(max_size=20).map(json.dumps),
    st.integers().map(str),
    st.floats().map(json.dumps),
)
_NESTED = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda items: f"[{','.join(items)}]"),
        st.lists(st.tuples(_KEYS, inner), max_size=4).map(_object),
    ),
    max_leaves=6,
)
json_texts: st.SearchStrategy[str] = weighted((6, _NESTED), (1, st.sampled_from(DEEP)))
"""The text of any JSON value, and of some that nearly are."""

USABLE_IDS = st.one_of(
    st.integers(-(2**70), 2**70).map(str),
    st.text(max_size=64).map(json.dumps),
    st.sampled_from([r'"\u0000"', f'"{"i" * 64}"', "9" * 400, '""']),
)
_IDS = weighted((5, USABLE_IDS), (1, json_texts))

_SEQS = st.sampled_from(["0", "1", "5", str(2**53)])
_NAMES = weighted((3, st.just('"note"')), (2, st.sampled_from(['"message"', '"rare"', '"typing"', '"nothing"', '"*"'])))
_NAME_LISTS = st.lists(_NAMES, min_size=1, max_size=3).map(lambda names: f"[{','.join(names)}]")
_POSITIONS = st.sampled_from(['{"epoch":"e","seq":1}', '{"epoch":"","seq":1}', '{"epoch":"e","seq":-1}'])
_PAYLOADS = weighted((2, st.just('{"text":"hi"}')), (1, json_texts))
_PAGES = ("limit", "before", "after", "around", "beforeTime", "afterTime", "start", "end", "anchor")
_NEW_ROOMS = st.tuples(
    st.sampled_from(['"made"', '"made too"', '"hall"', '" "', r'"\ud800"']), st.one_of(st.just('"Made"'), json_texts)
).map(lambda pair: f'{{"id":{pair[0]},"name":{pair[1]},"maxSize":3}}')


@dataclass(frozen=True, slots=True)
class _Shape:
    """A request of `protocol.md`: the fields that it needs, and those that it may have."""

    needed: dict[str, st.SearchStrategy[str]]
    optional: dict[str, st.SearchStrategy[str]]


def _shapes(rooms: st.SearchStrategy[str]) -> dict[str, _Shape]:
    room = {"roomId": rooms}
    return {
        "connect": _Shape({}, {"auth": st.one_of(st.just('{"userId":"fuzzer"}'), json_texts)}),
        "join": _Shape(room, {"since": _POSITIONS, "events": _NAME_LISTS}),
        "leave": _Shape(room, {}),
        "subscribe": _Shape({**room, "events": _NAME_LISTS}, {}),
        "unsubscribe": _Shape({**room, "events": _NAME_LISTS}, {}),
        "trigger": _Shape(
            {**room, "event": _NAMES, "data": _PAYLOADS},
            {"meta": json_texts, "key": st.one_of(st.just('"key"'), json_texts)},
        ),
        "getHistory": _Shape(room, {"event": _NAMES, "epoch": st.just('"e"'), **dict.fromkeys(_PAGES, _SEQS)}),
        "markRead": _Shape({**room, "seq": _SEQS}, {}),
        "listMembers": _Shape(room, {}),
        "listRooms": _Shape({}, {"limit": _SEQS, "cursor": st.just('"m"')}),
        "createRoom": _Shape({"room": _NEW_ROOMS}, {}),
        "deleteRoom": _Shape(room, {}),
        "ping": _Shape({}, {}),
        "shout": _Shape({}, {}),
    }


_OFTEN = ["trigger", "getHistory"]
"""What shows or changes most, where it should not."""


@st.composite
def requests(draw: st.DrawFn, room_ids: Sequence[str], flaws: int) -> str:
    """A request of any type, of which so many fields are wrong, missing, twice or unknown."""
    shapes = _shapes(st.sampled_from([json.dumps(room_id) for room_id in room_ids]))
    kind = draw(st.sampled_from([*shapes, *_OFTEN * 4]))
    shape = shapes[kind]
    fields = {"type": json.dumps(kind), **{name: draw(values) for name, values in shape.needed.items()}}
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 3])) if shape.optional else 0):
        name = draw(st.sampled_from(sorted(shape.optional)))
        fields[name] = draw(shape.optional[name])
    pairs: Pairs = [(json.dumps(name), value) for name, value in fields.items()]
    for _ in range(flaws):
        pairs = draw(_flawed(pairs))
    if draw(st.integers(0, 3)):
        pairs.insert(draw(st.integers(0, len(pairs))), ('"id"', draw(_IDS)))
    return _object(pairs)


@st.composite
def _flawed(draw: st.DrawFn, pairs: Pairs) -> Pairs:
    flawed = list(pairs)
    flaw = draw(st.sampled_from(["another value", "gone", "twice", "unknown"]))
    if flaw == "unknown" or not flawed:
        return [*flawed, (draw(_KEYS), draw(json_texts))]
    place = draw(st.integers(0, len(flawed) - 1))
    key, value = flawed[place]
    if flaw == "another value":
        flawed[place] = (key, draw(json_texts))
    elif flaw == "gone":
        del flawed[place]
    else:
        flawed.insert(draw(st.integers(0, len(flawed))), (key, draw(st.one_of(st.just(value), json_texts))))
    return flawed


@st.composite
def _damaged(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> str:
    text = draw(texts)
    place = draw(st.integers(0, len(text)))
    return draw(
        st.sampled_from(
            [
                text[:place],
                text[place:],
                text[:place] + draw(st.characters(exclude_categories=["Cs"])) + text[place:],
                text + text,
            ]
        )
    )


def texts(room_ids: Sequence[str]) -> st.SearchStrategy[str]:
    """The text of a frame of at most MAX_FRAME bytes."""
    proper, flawed = requests(room_ids, 0), st.integers(1, 3).flatmap(lambda flaws: requests(room_ids, flaws))
    any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
    chosen = weighted((5, proper), (7, flawed), (1, _damaged(proper)), (1, json_texts), (1, any_text))
    return chosen.filter(lambda text: len(text.encode()) <= MAX_FRAME)
