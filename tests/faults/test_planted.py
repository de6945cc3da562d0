"""The crowd finds faults: one of each kind is planted into a server, and shows."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from .conftest import Serve
from .crowd import Crowd

SECONDS = 2.0
TIMES = 8
"""How often a crowd may try: on a machine that is busy it does less in its two seconds."""


def leaves(error: BaseException) -> Iterator[BaseException]:
    """What a group of errors consists of."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from leaves(each)
    else:
        yield error


async def first_complaint(crowd: Crowd) -> str:
    """What the crowd, or the check of what it saw, has to say; nothing where all is well."""
    try:
        for _ in range(TIMES):
            await crowd.run(SECONDS)
            crowd.check()
    except (AssertionError, ExceptionGroup) as error:
        return next((str(leaf) for leaf in leaves(error) if isinstance(leaf, AssertionError)), "")
    return ""


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [
        ("lost", "a gap|ahead of what was sent live|never came|not counted from the newest"),
        ("repeated", "came twice|out of its sender's order"),
        ("swapped", "came twice|time ran backwards|out of its sender's order|another order"),
        ("late", "ahead of what was sent live"),
        ("forgotten", "has a hole before 21"),
    ],
)
async def test_a_planted_fault_is_found(serve: Serve, random: Random, kind: str, complaint: str) -> None:
    """An event that is lost, repeated or swapped live; a page that is ahead; an answered event that is gone."""
    crowd = Crowd(serve("planted", PLANT=kind), random, size=4, members=0 if kind == "late" else 4)
    found = await first_complaint(crowd)
    assert any(words in found for words in complaint.split("|")), found
