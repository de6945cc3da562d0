"""Waiting for what becomes of drafts; where they were kept before, for the same key, finding what was kept then."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from anyio import Event as Signal

from ...domain.draft_group import DraftGroup
from ...domain.errors import DialogueError
from ...domain.event import Event
from ...domain.outcome import GroupOutcome, Repeat
from ...domain.page import PageLimit
from ...domain.ports.history_source import HistorySource
from .journal import Journal


async def settled_all(journal: Journal, groups: Sequence[DraftGroup]) -> list[GroupOutcome]:
    """Queue `groups` and wait for what becomes of them, in the same order."""
    arrived = Signal()
    outcomes: dict[int, GroupOutcome] = {}

    def settle(number: int, outcome: GroupOutcome) -> None:
        outcomes[number] = outcome
        if len(outcomes) == len(groups):
            arrived.set()

    for number, group in enumerate(groups):
        await journal.put(group, partial(settle, number))
    if groups:
        await arrived.wait()
    return [outcomes[number] for number in range(len(groups))]


async def settled(journal: Journal, group: DraftGroup) -> Event | Repeat:
    """Queue a group of one draft and wait for what becomes of it; raises the reason where it is not kept."""
    outcome = await settled_group(journal, group)
    return outcome if isinstance(outcome, Repeat) else outcome[0]


async def settled_group(journal: Journal, group: DraftGroup) -> tuple[Event, ...] | Repeat:
    """The same for a group of any number of drafts."""
    arrived = Signal()
    outcomes: list[GroupOutcome] = []

    def settle(outcome: GroupOutcome) -> None:
        outcomes.append(outcome)
        arrived.set()

    await journal.put(group, settle)
    await arrived.wait()
    outcome = outcomes[0]
    if isinstance(outcome, DialogueError):
        raise outcome
    return outcome


async def first_kept(source: HistorySource, group: DraftGroup, repeat: Repeat) -> tuple[Event, ...]:
    """The events that were kept for the key of `group`; what retention has taken since is made from what came again.

    Raises Unavailable.
    """
    count = len(group.drafts)
    page = await source.older(group.room_id, None, repeat.seq + count, PageLimit(events=count))
    found = {event.seq: event for event in page}
    return tuple(
        found.get(seq) or draft.kept(timestamp_ms=repeat.timestamp_ms, seq=seq)
        for seq, draft in enumerate(group.drafts, repeat.seq)
    )
