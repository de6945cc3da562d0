"""Appending one draft a group, which is what most tests want."""

from __future__ import annotations

from collections.abc import Iterable

from dialogue.domain.draft import Draft
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.outcome import Appended, GroupOutcome, Held, Outcome, of_one
from dialogue.domain.ports.history_archive import HistoryArchive


async def append(archive: HistoryArchive, drafts: Iterable[Draft | DraftGroup], now_ms: int = 1) -> list[Outcome]:
    """Keep `drafts` in one batch, for a caller that has applied nothing yet; the outcome of each."""
    groups = [draft if isinstance(draft, DraftGroup) else DraftGroup.of(draft) for draft in drafts]
    return [of_one(answer(outcome)) for outcome in await archive.append(groups, {}, now_ms)]


def answer(outcome: Appended) -> GroupOutcome:
    """The outcome, of a group whose room nobody holds."""
    assert not isinstance(outcome, Held)
    return outcome
