"""Appending one draft a group, which is what most tests want."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from dialogue.domain.draft import Draft
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.errors import Unavailable
from dialogue.domain.outcome import Appended, GroupOutcome, Held, Outcome, of_one
from dialogue.domain.ports.history_archive import HistoryArchive, WaitingArchive


async def append(archive: HistoryArchive, drafts: Iterable[Draft | DraftGroup], now_ms: int = 1) -> list[Outcome]:
    """Keep `drafts` in one batch, for a caller that has applied nothing yet; the outcome of each.

    As the journal does, it waits for rooms that somebody else holds, each in a batch of its own. Raises Unavailable.
    """
    groups = [draft if isinstance(draft, DraftGroup) else DraftGroup.of(draft) for draft in drafts]
    outcomes = list(await archive.append(groups, {}, now_ms))
    held = [place for place, outcome in enumerate(outcomes) if isinstance(outcome, Held)]
    for room_id in dict.fromkeys(groups[place].room_id for place in held):
        places = [place for place in held if groups[place].room_id == room_id]
        waited = await cast("WaitingArchive", archive).append(
            [groups[place] for place in places], {}, now_ms, waits=True
        )
        for place, outcome in zip(places, waited, strict=True):
            outcomes[place] = outcome
    return [of_one(answer(outcome)) for outcome in outcomes]


def answer(outcome: Appended) -> GroupOutcome:
    """The outcome. Raises Unavailable where the room was held until the deadline."""
    if isinstance(outcome, Held):
        raise Unavailable("The room is held by somebody else")
    return outcome
