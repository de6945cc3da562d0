"""The hashes of an idempotency key, which a database must be able to make likewise."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dialogue.domain import json_value
from dialogue.domain.idempotency_key import SCHEME, WITH_EXPONENT, IdempotencyKey, key_id


def test_a_key_s_id_is_sha_256_over_its_parts_each_with_its_length_in_bytes_before_it() -> None:
    assert key_id("küche", "e1", "ada", "k-1") == sha256("6:küche2:e13:ada3:k-1".encode()).digest()


def test_parts_that_run_together_alike_have_different_ids() -> None:
    assert key_id("r", "e", "ad", "ak") != key_id("r", "e", "ada", "k")


def test_a_digest_begins_with_its_scheme_and_is_of_what_was_sent() -> None:
    digest = IdempotencyKey.of("k", "message", {"b": 2.0, "a": 1}, None).digest
    assert digest == SCHEME + sha256(b'["message",{"a":1,"b":2},null]').digest()


def test_of_one_scheme_only_the_same_digest_is_a_repeat() -> None:
    key = IdempotencyKey.of("k", "message", 1, None)
    assert key.is_repeat_of(IdempotencyKey.of("k", "message", 1.0, None).digest)
    assert not key.is_repeat_of(IdempotencyKey.of("k", "message", 2, None).digest)


def test_across_schemes_the_same_key_is_a_repeat() -> None:
    key = IdempotencyKey.of("k", "message", 1, None)
    assert key.is_repeat_of(b"\x02" + bytes(32))
    assert replace(key, digest=b"\x02" + bytes(32)).is_repeat_of(key.digest)


def test_integers_of_more_than_64_bits_make_a_key_too() -> None:
    first = IdempotencyKey.of("k", "note", {"a": int(1e300), "b": 1}, None)
    assert first.digest == IdempotencyKey.of("k", "note", {"b": 1.0, "a": int(1e300)}, None).digest
    assert first.digest != IdempotencyKey.of("k", "note", {"b": 1.0, "a": int(1e300) + 1}, None).digest


@pytest.mark.parametrize(
    "spelt",
    [
        (b"1e300", b"1.0e+300", b"10E299", b"1" + 300 * b"0" + b".0"),
        (b"1e16", b"10000000000000000.0"),
        (b"9.007199254740994e15", b"9007199254740994.0"),
        (b"9007199254740992", b"9007199254740992.0", b"9.007199254740992e15"),
        (b"-1e2", b"-100", b"-100.0"),
    ],
)
def test_however_a_number_is_spelt_it_is_the_same_event(spelt: tuple[bytes, ...]) -> None:
    digests = {IdempotencyKey.of_json("k", "a", b"[%b]" % each, None).digest for each in spelt}
    assert len(digests) == 1


def digest(data: object) -> bytes:
    return IdempotencyKey.of("k", "1.0,", data, None).digest


def spelt_plainly(value: Any) -> Any:
    """As `value`, with each whole number as an integer."""
    if isinstance(value, float) and value.is_integer() and abs(value) < WITH_EXPONENT:
        return int(value)
    if isinstance(value, list):
        return [spelt_plainly(item) for item in value]
    if isinstance(value, dict):
        return {key: spelt_plainly(item) for key, item in value.items()}
    return value


texts = st.text(max_size=5) | st.sampled_from(["1.0,", ",1.0]", "2.0}", "\\", '"', '":1.0,"', "-0.0", "1e5"])
numbers = (
    st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0.0, -0.0, 1.0, 10.05, 1e15, 1e16, 1e300])
)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(values)
@example([1.0, "1.0,", {"2.0}": 3.0}])
@example({"a": [1.05, 100.0, -3.0, "x"]})
def test_how_a_number_is_spelt_makes_no_other_event_and_what_a_text_holds_does(value: Any) -> None:
    plain = ["1.0,", spelt_plainly(json.loads(json.dumps(value))), None]
    wanted = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert digest(value) == digest(plain[1])
    if all(abs(each) < 2**63 for each in integers_in(plain)) and not has_fraction(plain):
        assert digest(value) == SCHEME + sha256(wanted.encode()).digest()


def integers_in(value: Any) -> list[int]:
    """All integers in it."""
    if isinstance(value, int):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [found for item in inner for found in integers_in(item)]


def has_fraction(value: Any) -> bool:
    """Whether a number in it is not whole: those are not spelt alike everywhere. Nor are some texts."""
    if isinstance(value, float):
        return True
    if isinstance(value, str):
        return not value.isprintable()
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(map(has_fraction, inner))


@given(values, st.none() | st.dictionaries(st.text(max_size=3), values, max_size=2))
def test_what_is_there_as_json_makes_the_same_key(data: Any, meta: dict[str, Any] | None) -> None:
    kept = None if meta is None else json_value.encode(meta)
    assert IdempotencyKey.of_json("k", "a", json_value.encode(data), kept) == IdempotencyKey.of("k", "a", data, meta)


@pytest.mark.parametrize(
    ("one", "other"), [("a 1.0,", "a 1,"), ({"1.0": 1}, {"1": 1}), ([1.05], [1.5]), ([10.0], [1.0])]
)
def test_what_differs_has_another_digest(one: object, other: object) -> None:
    assert digest(one) != digest(other)


def test_what_is_no_json_has_a_digest_too() -> None:
    assert digest([float("inf"), 1.0]) == digest([float("inf"), 1])
