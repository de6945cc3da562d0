"""Sharing what there is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.domain.fair_share import fair_share


@pytest.mark.parametrize(
    ("sizes", "bound", "share"),
    [([], 10, 10), ([3, 4], 10, 10), ([100], 10, 10), ([1, 100], 10, 9), ([4, 4, 4], 9, 3), ([1, 2, 50, 60], 13, 5)],
)
def test_the_small_ones_keep_all_and_the_large_ones_are_cut_to_one_size(
    sizes: list[int], bound: int, share: int
) -> None:
    assert fair_share(sizes, bound) == share


@given(st.lists(st.integers(0, 1_000)), st.integers(0, 5_000))
def test_all_together_are_within_the_bound_and_no_larger_share_would_be(sizes: list[int], bound: int) -> None:
    share = fair_share(sizes, bound)
    assert sum(min(size, share) for size in sizes) <= bound
    if any(size > share for size in sizes):
        assert sum(min(size, share + 1) for size in sizes) > bound
