"""Waiting for what becomes of a draft."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from anyio import Event as Signal

from ...domain.draft import Draft
from ...domain.errors import DialogueError
from ...domain.event import Event
from ...domain.outcome import Outcome, Repeat
from .journal import Journal


async def settled_all(journal: Journal, drafts: Sequence[Draft]) -> list[Outcome]:
    """Queue `drafts` and wait for what becomes of them, in the same order."""
    arrived = Signal()
    outcomes: dict[int, Outcome] = {}

    def settle(number: int, outcome: Outcome) -> None:
        outcomes[number] = outcome
        if len(outcomes) == len(drafts):
            arrived.set()

    for number, draft in enumerate(drafts):
        await journal.put(draft, partial(settle, number))
    if drafts:
        await arrived.wait()
    return [outcomes[number] for number in range(len(drafts))]


async def settled(journal: Journal, draft: Draft) -> Event | Repeat:
    """Queue `draft` and wait for what becomes of it; raises the reason where it is not kept."""
    outcome = (await settled_all(journal, [draft]))[0]
    if isinstance(outcome, DialogueError):
        raise outcome
    return outcome
