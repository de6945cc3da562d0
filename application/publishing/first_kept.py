"""What was kept for a key before."""

from __future__ import annotations

from ...domain.draft_group import DraftGroup
from ...domain.event import Event
from ...domain.outcome import Repeat
from ...domain.page import PageLimit
from ...domain.ports.history_source import HistorySource


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
