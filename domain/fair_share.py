"""Sharing what there is so that the small ones have all that they need."""

from __future__ import annotations

from collections.abc import Iterable


def fair_share(sizes: Iterable[int], bound: int) -> int:
    """The largest share with which all `sizes`, each cut to it, are at most `bound` together.

    So whoever takes little keeps all of it, and those that take the most are cut to the same size (max-min fairness).
    """
    ordered = sorted(sizes)
    rest = bound
    for index, size in enumerate(ordered):
        share = rest // (len(ordered) - index)
        if size > share:
            return share
        rest -= size
    return bound
