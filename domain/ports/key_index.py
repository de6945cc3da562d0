"""The port that knows which idempotency keys were used."""

from __future__ import annotations

from typing import Protocol

from ..draft_group import DraftGroup
from ..errors import InvalidRequest
from ..outcome import Repeat


class KeyIndex(Protocol):
    """Tells what `HistoryArchive.append` would say of a group for its key, before the group is given to it."""

    async def outcome(self, group: DraftGroup, now_ms: int) -> Repeat | InvalidRequest | None:
        """What was kept for the key of `group` before, or why it cannot be used again.

        None where the key is new, its keeping time is over, or the group has none. Raises Unavailable.
        """
        ...
