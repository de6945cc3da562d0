"""What every HistoryArchive promises of idempotency keys."""

from __future__ import annotations

from dataclasses import replace

from dialogue.domain.errors import InvalidRequest
from dialogue.domain.event import Event
from dialogue.domain.outcome import Outcome, Repeat

from ..support.appending import append
from .storage import KEY_TTL_S, Storage, seqs

TTL_MS = round(KEY_TTL_S * 1_000)


async def keep(
    storage: Storage, key: str, *, payload: bytes = b"1", sender: str = "ada", now_ms: int = 1_000
) -> Outcome:
    draft = await storage.keyed("general", payload, sender=sender, key=key)
    return (await append(storage.archive, [draft], now_ms))[0]


async def test_a_key_is_kept_once_and_a_repeat_gets_the_first_ones_place(storage: Storage) -> None:
    first = await keep(storage, "k", now_ms=1_000)
    assert isinstance(first, Event)
    await storage.publish("general", "message", now_ms=2_000)
    assert await keep(storage, "k", now_ms=3_000) == Repeat(seq=1, timestamp_ms=1_000)
    assert seqs(await storage.all("general")) == [1, 2]


async def test_a_key_counts_within_a_batch_too(storage: Storage) -> None:
    drafts = [await storage.keyed("general", key=key) for key in ("a", "b", "a", "a")]
    outcomes = await append(storage.archive, drafts, 1_000)
    assert [type(outcome) for outcome in outcomes] == [Event, Event, Repeat, Repeat]
    assert outcomes[2] == outcomes[3] == Repeat(seq=1, timestamp_ms=1_000)
    assert seqs(await storage.all("general")) == [1, 2]


async def test_the_same_key_for_another_event_is_refused_and_takes_no_number(storage: Storage) -> None:
    await keep(storage, "k", payload=b"1")
    refused = await keep(storage, "k", payload=b"2")
    assert isinstance(refused, InvalidRequest)
    assert [problem.path for problem in refused.problems] == ["key"]
    assert seqs(await storage.publish("general", "message")) == [2]


async def test_where_the_digests_are_of_different_schemes_the_same_key_is_a_repeat(storage: Storage) -> None:
    await keep(storage, "k", payload=b"1")
    group = await storage.keyed("general", b"2", key="k")
    assert group.key is not None
    in_sql = replace(group, key=replace(group.key, digest=b"\x02" + bytes(32)))
    assert await append(storage.archive, [in_sql], 1_000) == [Repeat(seq=1, timestamp_ms=1_000)]


async def test_keys_of_different_senders_and_rooms_are_different_keys(storage: Storage) -> None:
    drafts = [
        await storage.keyed("general", sender="ada", key="k"),
        await storage.keyed("general", sender="bob", key="k"),
        await storage.keyed("other", sender="ada", key="k"),
        await storage.keyed("general", sender="ad", key="ak"),  # runs together with the first where parts are joined
    ]
    assert seqs(await storage.append(drafts)) == [1, 2, 1, 3]


async def test_a_key_ends_with_the_life_of_its_room(storage: Storage) -> None:
    await keep(storage, "k")
    await storage.rooms.delete("general")
    assert isinstance(await keep(storage, "k"), Event)


async def test_a_key_is_new_after_its_time_whether_it_was_swept_or_not(storage: Storage) -> None:
    await keep(storage, "k", now_ms=1_000)
    assert isinstance(await keep(storage, "k", now_ms=1_000 + TTL_MS), Repeat)
    assert isinstance(await keep(storage, "k", now_ms=1_001 + TTL_MS), Event)
    assert await keep(storage, "k", now_ms=1_002 + TTL_MS) == Repeat(seq=2, timestamp_ms=1_001 + TTL_MS)


async def test_keys_whose_time_is_over_are_swept_in_bites_and_no_others(storage: Storage) -> None:
    for number in range(5):
        await keep(storage, f"old-{number}", now_ms=1_000)
    await keep(storage, "young", now_ms=2_000)
    now_ms = 1_500 + TTL_MS
    assert [await storage.archive.sweep(2, now_ms) for _ in range(4)] == [2, 2, 1, 0]
    assert isinstance(await keep(storage, "young", now_ms=now_ms), Repeat)
    assert isinstance(await keep(storage, "old-0", now_ms=now_ms), Event)


async def test_a_refused_draft_does_not_use_its_key_up(storage: Storage) -> None:
    draft = await storage.keyed("general", key="k")
    [refused] = await append(
        storage.archive, [replace(draft, drafts=(replace(draft.drafts[0], epoch="another"),))], 1_000
    )
    assert not isinstance(refused, Event)
    assert isinstance((await append(storage.archive, [draft], 1_000))[0], Event)


async def test_what_a_key_was_used_for_can_be_looked_up_before_it_is_used_again(storage: Storage) -> None:
    new = await storage.keyed("general", b"1", sender="ada", key="k")
    assert await storage.keys.outcome(new, 1_000) is None
    await keep(storage, "k", now_ms=1_000)
    assert await storage.keys.outcome(new, 2_000) == Repeat(seq=1, timestamp_ms=1_000)
    other = await storage.keyed("general", b"2", sender="ada", key="k")
    assert isinstance(await storage.keys.outcome(other, 2_000), InvalidRequest)
    bobs = await storage.keyed("general", b"1", sender="bob", key="k")
    assert await storage.keys.outcome(bobs, 2_000) is None
    assert await storage.keys.outcome(replace(new, key=None), 2_000) is None
    assert await storage.keys.outcome(new, 1_000 + TTL_MS) == Repeat(seq=1, timestamp_ms=1_000)
    assert await storage.keys.outcome(new, 1_001 + TTL_MS) is None
