"""What every archive keeps alike is admitted and reads back equal; the rest is refused with its path."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from enum import IntEnum, StrEnum

import pytest
from hypothesis import given, strategies

from dialogue.domain import json_value
from dialogue.domain.errors import InvalidEvent
from dialogue.domain.json_value import (
    MAX_DEPTH,
    MAX_INTEGER,
    RepeatedKey,
    decode,
    ensure_keepable,
    holds_more_values,
    keepable,
    may_hold_more_values,
)

TEXTS = strategies.text(strategies.characters(exclude_categories=["Cs"], exclude_characters="\0"))
ADMITTED = strategies.recursive(
    strategies.none()
    | strategies.booleans()
    | strategies.integers(-MAX_INTEGER, MAX_INTEGER)
    | strategies.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda children: strategies.lists(children) | strategies.dictionaries(TEXTS, children),
    max_leaves=25,
)
ANY_TEXT = strategies.text(strategies.characters(exclude_categories=[]))
ANYTHING = strategies.recursive(
    strategies.none()
    | strategies.booleans()
    | strategies.integers()
    | strategies.floats()
    | strategies.binary(max_size=2)
    | ANY_TEXT,
    lambda children: (
        strategies.lists(children)
        | strategies.tuples(children)
        | strategies.dictionaries(ANY_TEXT | strategies.integers(), children)
    ),
    max_leaves=15,
)


class Colour(IntEnum):
    RED = 1


class Mood(StrEnum):
    GOOD = "good"


def canonical(value: object) -> str:
    """`value` so that equal means equal as JSON, and 1, 1.0, True, 0.0 and -0.0 are all different."""
    return json.dumps(value, sort_keys=True)


def nested(depth: int, *, in_objects: bool = False) -> object:
    value: object = "innermost"
    for _ in range(depth):
        value = {"k": value} if in_objects else [value]
    return value


def path_refused(value: object, path: str = "data") -> str:
    with pytest.raises(InvalidEvent) as refusal:
        ensure_keepable(value, path)
    (problem,) = refusal.value.problems
    assert problem.path.startswith(path)
    return problem.path


@given(ADMITTED)
def test_what_is_admitted_reads_back_equal(value: object) -> None:
    assert canonical(decode(keepable(value, "data"))) == canonical(value)


@given(ANYTHING)
def test_whatever_is_given_is_refused_with_a_path_or_reads_back_equal(value: object) -> None:
    try:
        kept = keepable(value, "data")
    except InvalidEvent:
        path_refused(value)
    else:
        assert canonical(decode(kept)) == canonical(value)
        assert b"\0" not in kept
        kept.decode("utf-8")


@given(ADMITTED)
def test_what_is_kept_is_admitted_again_unchanged(value: object) -> None:
    kept = keepable(value, "data")
    assert keepable(decode(kept), "data") == kept


@pytest.mark.parametrize("in_objects", [False, True])
def test_depth_64_is_kept_and_65_is_refused(in_objects: bool) -> None:
    ensure_keepable(nested(MAX_DEPTH, in_objects=in_objects), "data")
    step = ".k" if in_objects else "[0]"
    assert path_refused(nested(MAX_DEPTH + 1, in_objects=in_objects)) == "data" + step * MAX_DEPTH


def test_a_value_without_end_is_refused_and_not_followed() -> None:
    endless: list[object] = []
    endless.append(endless)
    assert path_refused(endless).startswith("data[0]")


@pytest.mark.parametrize("value", [MAX_INTEGER, -MAX_INTEGER, 2**53, 0])
def test_an_integer_within_two_to_the_53rd_is_kept(value: int) -> None:
    assert decode(keepable(value, "data")) == value


@pytest.mark.parametrize("value", [MAX_INTEGER + 1, -MAX_INTEGER - 1, 10**400])
def test_an_integer_past_two_to_the_53rd_is_refused(value: int) -> None:
    assert path_refused({"n": [1, value]}) == "data.n[1]"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_refused(value: float) -> None:
    assert path_refused([0.5, {"x": value}]) == "data[1].x"


@pytest.mark.parametrize("value", [1e300, 5e-324, -0.0, 1.7976931348623157e308, 1e22, 0.1])
def test_any_finite_double_is_kept_exactly(value: float) -> None:
    assert canonical(decode(keepable(value, "data"))) == canonical(value)


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x\udfff"])
def test_a_text_with_nul_or_a_lone_surrogate_is_refused_as_value_and_as_key(text: str) -> None:
    assert path_refused({"a": ["fine", text]}) == "data.a[1]"
    assert path_refused({"a": {text: 1}}) == "data.a"


@pytest.mark.parametrize("text", ["", "é", "\U0001f600", "\u2028", '"\\/\n\t\x01\x7f', "\ufeff\ufffe\uffff"])
def test_any_other_text_is_kept(text: str) -> None:
    assert decode(keepable({text: text}, "data")) == {text: text}


def test_a_key_that_stood_twice_is_refused_where_it_stood() -> None:
    repeated = RepeatedKey(text="second")
    repeated.key = "text"
    assert path_refused({"inner": [repeated]}) == "data.inner[0]"


@pytest.mark.parametrize("value", [b"bytes", object(), {1, 2}, 1j, {1: "one"}, {None: 1}])
def test_what_is_not_json_is_refused(value: object) -> None:
    assert path_refused([value]) == "data[0]"


def test_enumerations_of_texts_and_numbers_are_kept_as_their_values() -> None:
    assert decode(keepable({"mood": Mood.GOOD, "colour": Colour.RED}, "data")) == {"mood": "good", "colour": 1}


def test_json_is_compact_utf8() -> None:
    assert json_value.encode({"a": [1, "é"]}) == '{"a":[1,"é"]}'.encode()


def test_the_path_begins_with_the_name_that_was_given() -> None:
    assert path_refused({"tag": math.nan}, "meta") == "meta.tag"


def every_kind(size: int) -> list[object]:
    """Values of about so many parts, each of another make."""
    half = size // 2
    return [
        [1] * size,
        [0.5] * size,
        ["é"] * size,
        [[]] * size,
        [{"a": 1}] * half,
        {f"k{number}": number for number in range(size)},
        [[[["x"]]]] * (size // 4),
    ]


@pytest.mark.parametrize("kind", range(7))
def test_what_is_kept_is_checked_many_values_at_a_time(kind: int) -> None:
    """Counted in calls of Python's functions, which are what ten thousand values cost."""
    value = every_kind(9_900)[kind]
    calls = calls_during(lambda: ensure_keepable(value, "data"))
    assert calls < 12_000, "about one call, or none, for each value"


@pytest.mark.parametrize("kind", range(7))
def test_the_count_finds_a_check_of_one_value_after_the_other(kind: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: without the look at many at a time."""
    monkeypatch.setattr(json_value, "_is_surely_keepable", lambda _: False)
    value = every_kind(9_900)[kind]
    assert calls_during(lambda: ensure_keepable(value, "data")) > 9_000


def calls_during(work: Callable[[], None]) -> int:
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


@given(ANYTHING)
def test_the_look_at_many_and_the_look_at_each_agree(value: object) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_value, "_is_surely_keepable", lambda _: False)
        expected = flaw_of(value)
    assert flaw_of(value) == expected


def flaw_of(value: object) -> object:
    try:
        ensure_keepable(value, "data")
    except InvalidEvent as error:
        return error.problems
    return None


@given(ADMITTED, strategies.integers(1, 30))
def test_more_values_are_never_overlooked(value: object, most: int) -> None:
    def count(each: object) -> int:
        parts = each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
        return 1 + sum(map(count, parts))

    assert holds_more_values(value, most) is (count(value) > most)
    if holds_more_values(value, most):
        text = json.dumps(value)
        assert may_hold_more_values(text, most)
        assert may_hold_more_values(text.encode(), most)
