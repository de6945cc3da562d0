"""Reading what strangers send: as Python's json does, but for what JSON forbids or leaves open."""

from __future__ import annotations

import json
from time import process_time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dialogue.adapters.wire import frame_reader
from dialogue.adapters.wire.frame_reader import FrameReader
from dialogue.domain.errors import DialogueError, InvalidEvent, InvalidRequest

keys = st.sampled_from(["data", "meta", "type", "a", "b"])
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=10
)


@given(st.dictionaries(keys | st.text(), values, max_size=5))
def test_any_json_object_is_read_as_it_is(message: dict[str, Any]) -> None:
    reader = FrameReader()
    read = reader.read(json.dumps(message))
    reader.refuse_flaws(read)
    assert read == message


@given(st.text())
def test_any_text_is_an_object_or_refused(text: str) -> None:
    try:
        wanted = json.loads(text)
    except ValueError:
        wanted = None
    if isinstance(wanted, dict):
        assert FrameReader().read(text) == wanted
    else:
        with pytest.raises(InvalidRequest, match="frame"):
            FrameReader().read(text)


objects: st.SearchStrategy[str] = st.recursive(
    st.just("1"),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2).map(lambda items: f"[{','.join(items)}]"),
        st.lists(st.tuples(keys, inner), max_size=3).map(
            lambda pairs: "{" + ",".join(f'"{key}":{value}' for key, value in pairs) + "}"
        ),
    ),
    max_leaves=12,
)


@given(st.lists(st.tuples(keys, objects), max_size=4))
def test_a_key_that_stands_twice_is_refused_wherever_it_is(pairs: list[tuple[str, str]]) -> None:
    """In a payload as an invalid event, elsewhere as an invalid request; and nothing else is refused."""
    text = "{" + ",".join(f'"{key}":{value}' for key, value in pairs) + "}"
    names = [key for key, _ in pairs]
    expected: type[DialogueError] | None = None
    if len(set(names)) < len(names):
        expected = InvalidRequest
    elif any(has_repeats(value) for key, value in pairs if key in ("data", "meta")):
        expected = InvalidEvent
    elif any(has_repeats(value) for _, value in pairs):
        expected = InvalidRequest
    reader = FrameReader()
    message = reader.read(text)
    if expected is None:
        reader.refuse_flaws(message)
    else:
        with pytest.raises(expected):
            reader.refuse_flaws(message)


def has_repeats(text: str) -> bool:
    found = False

    def look(pairs: list[tuple[str, Any]]) -> None:
        nonlocal found
        found = found or len(dict(pairs)) < len(pairs)

    json.loads(text, object_pairs_hook=look)
    return found


def test_what_one_frame_had_twice_does_not_stick_to_the_next() -> None:
    reader = FrameReader()
    with pytest.raises(InvalidRequest):
        reader.refuse_flaws(reader.read('{"a": 1, "a": 2}'))
    reader.refuse_flaws(reader.read('{"a": 1}'))


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"a":' * 100_000, "9" * 5_000, '{"a": NaN}', '{"a": Infinity}', '{"a": -Infinity}', "\ufeff{}"],
)
def test_what_json_forbids_or_no_reader_should_follow_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        FrameReader().read(text)


def nested(depth: int, value: object = 1) -> object:
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("name", ["data", "meta", "auth", "whatever"])
def test_a_frame_with_more_values_than_may_be_is_refused_with_the_field(name: str) -> None:
    reader = FrameReader(max_values=10)
    for value in ([1] * 9, {f"k{number}": None for number in range(9)}, [{"a": 1}] * 4, nested(9), ",[{" * 40):
        message = reader.read(json.dumps({name: value, "other": 1}))
        reader.refuse_flaws(message)
        assert message[name] == value
    error = InvalidEvent if name in ("data", "meta") else InvalidRequest
    for value in ([1] * 10, {f"k{number}": None for number in range(10)}, [{"a": 1}] * 5, nested(10)):
        with pytest.raises(error, match="at most 10 values") as refusal:
            reader.refuse_flaws(reader.read(json.dumps({name: value})))
        assert [problem.path for problem in refusal.value.problems] == [name]


gaps = st.sampled_from(["", "", "", " ", "\n", "\t", "\r"])
odd_keys = st.sampled_from(['"a"', '"a"', '"b"', '"\\":"', '"\\u0061"', '" :"', '""'])
spaced: st.SearchStrategy[str] = st.recursive(
    st.sampled_from(["1", "-0", "1.0", "1e400", "NaN", "9" * 400, '"x"', '"\\\\"', '"\\ud800"', "null", "tru"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]"),
        st.lists(st.tuples(odd_keys, gaps, gaps, inner), max_size=3).map(
            lambda rows: "{" + ",".join(f"{key}{before}:{behind}{value}" for key, before, behind, value in rows) + "}"
        ),
    ),
    max_leaves=12,
)


def read(text: str, large: int) -> object:
    """What a reader makes of `text`, where one of that length is large."""
    reader = FrameReader()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frame_reader, "LARGE", large)
        try:
            message = reader.read(text)
            reader.refuse_flaws(message)
        except DialogueError as error:
            return type(error), str(error)
    return repr(message)


@given(spaced.map(lambda value: f'{{"data":{value}}}'))
@example('{"data":{"a":1,"a" :2}}')
@example('{"data":{"a":1,"a":2,"b":"\\":"}}')
@example('{"data":{"a":1,"\\u0061":2}}')
def test_a_large_message_is_read_as_any_other(text: str) -> None:
    assert read(text, 0) == read(text, 1 << 30)


def test_of_a_large_message_no_object_is_looked_at_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = FrameReader()
    monkeypatch.setattr(reader, "_decoder", None)
    message = {"data": [{"a": number, "b": "text"} for number in range(3_000)]}
    assert reader.read(json.dumps(message)) == message


@pytest.mark.parametrize("number", ["1e300", "5e-324", "1.7976931348623157e308", "2.2250738585072011e-308"])
def test_numbers_that_are_hard_to_read_take_about_as_long_as_others(number: str) -> None:
    """msgspec took 200 times as long for a frame of these: 80 ms in which nobody else was served."""

    def took_s(each: str) -> float:
        text = f'{{"data":[{",".join([each] * 2_500)}]}}'
        times = []
        for _ in range(7):
            began = process_time()
            FrameReader().read(text)
            times.append(process_time() - began)
        return min(times)

    assert took_s(number) < 20 * took_s("0.5")
