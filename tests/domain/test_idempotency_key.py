"""The hashes of an idempotency key, which a database must be able to make likewise."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from dialogue.domain.idempotency_key import SCHEME, IdempotencyKey, key_id


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


def test_integers_of_more_than_64_bits_make_a_key_too_however_they_are_spelt() -> None:
    first = IdempotencyKey.of("k", "note", {"a": 1e300, "b": 1}, None)
    assert first.digest == IdempotencyKey.of("k", "note", {"b": 1.0, "a": int(1e300)}, None).digest
    assert first.digest != IdempotencyKey.of("k", "note", {"b": 1.0, "a": int(1e300) + 1}, None).digest
