"""What the steps of a run are drawn from; independent of what happened before, so that a run can be repeated."""

from __future__ import annotations

from hypothesis import strategies as st

from dialogue.domain.page import (
    After,
    AfterTime,
    Around,
    Before,
    BeforeTime,
    Newest,
    Offsets,
    PageForm,
    PageRequest,
)

from .publishing import Sent
from .setting import ALL_KEPT, KEPT, NAMES, PASSING, ROOM
from .since import Since
from .storm import Storm, Visit

SEEDS = st.integers(0, 1 << 16)
CLIENTS = st.integers(0, 2)
SEQS = st.integers(0, 40) | st.integers(-8, -1)  # see places.py
LATER_MS = st.sampled_from([0, 1, 500, 1_500, 3_000, 12_000, -1, -4_000])
SENDERS = st.sampled_from(["ada", "bob"])
REDACTORS = st.sampled_from(["mod", "mod", "ada", "bob"])


def _sent(names: tuple[str, ...]) -> st.SearchStrategy[Sent]:
    return st.builds(
        Sent,
        name=st.sampled_from(names),
        sender=SENDERS,
        key=st.sampled_from([None, None, None, "k1", "k2"]),
        value=st.sampled_from([1, 1, 2]),
    )


SENT = st.lists(_sent(NAMES), min_size=1, max_size=6)
CRASHED = st.lists(st.builds(Sent, name=st.sampled_from(KEPT), sender=SENDERS), max_size=6)
TURNS = st.integers(0, 30)

SUBSCRIPTIONS = st.none() | st.just(frozenset("*")) | st.frozensets(st.sampled_from(NAMES), min_size=1)
CHOICES = st.just(frozenset("*")) | st.frozensets(st.sampled_from(NAMES), min_size=1, max_size=2)
SINCE = st.one_of(
    st.just(Since()),
    st.builds(Since, is_own=st.just(False), seq=st.none() | SEQS, is_old=st.sampled_from([False, False, False, True])),
)

_TIMES = st.integers(-5_000, 40_000).map(lambda later: 1_000_000 + later)
_FORMS: st.SearchStrategy[PageForm] = st.one_of(
    st.just(Newest()),
    st.builds(Before, SEQS),
    st.builds(After, SEQS),
    st.builds(Around, SEQS),
    st.builds(BeforeTime, _TIMES),
    st.builds(AfterTime, _TIMES),
    st.builds(
        lambda start, length, anchor: Offsets(start, start + length, anchor),
        st.integers(0, 12),
        st.integers(1, 8),
        st.none() | SEQS,
    ),
)
PAGES = st.builds(
    PageRequest,
    room_id=st.just(ROOM),
    event_name=st.sampled_from([None, None, *ALL_KEPT, *KEPT, PASSING]),
    form=_FORMS,
    limit=st.sampled_from([1, 2, 3, 5, 50]),
    epoch=st.sampled_from([None, None, None, "another"]),
)

STORMS = st.builds(
    Storm,
    seed=SEEDS,
    sent=st.lists(_sent(KEPT), min_size=1, max_size=6),
    clients=st.dictionaries(CLIENTS, PAGES | st.builds(Visit, names=SUBSCRIPTIONS, since=SINCE)),
    redacted=st.lists(SEQS, max_size=2),
    sweeps=st.sampled_from([0, 2, 6]),
    closes=st.booleans(),
)
