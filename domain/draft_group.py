"""What is kept together, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .draft import Draft, DraftByPattern
from .errors import EventNotAllowed
from .idempotency_key import IdempotencyKey


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftGroup:
    """Drafts of one sender for one life of a room, in order; with a `key` they are kept once however often they come.

    A draft that redacts, and one without history, stands alone.
    """

    drafts: tuple[Draft, ...]
    key: IdempotencyKey | None = None

    def __post_init__(self) -> None:
        if len(self.drafts) == 1:
            return
        if len({(draft.room_id, draft.epoch, draft.sender) for draft in self.drafts}) != 1:
            raise ValueError("the drafts of a group are one sender's, for one life of a room, and at least one")
        if any(draft.redaction or not draft.has_history for draft in self.drafts):
            raise ValueError("a draft that redacts, and one without history, stands alone")

    @classmethod
    def of(cls, *drafts: Draft, key: IdempotencyKey | None = None) -> DraftGroup:
        """The group of these drafts."""
        return cls(drafts=drafts, key=key)

    @property
    def room_id(self) -> str:
        """The room of all its drafts."""
        return self.drafts[0].room_id

    @property
    def epoch(self) -> str:
        """The life of the room that admitted them."""
        return self.drafts[0].epoch

    @property
    def sender(self) -> str:
        """Whose they are, and whose the key is."""
        return self.drafts[0].sender

    @property
    def has_history(self) -> bool:
        """Whether they are to be kept."""
        return self.drafts[0].has_history


def too_many_names(
    group: DraftGroup, is_known: Callable[[Draft], bool], count: Callable[[str], int]
) -> EventNotAllowed | None:
    """What refuses `group` where patterns allow its names, and the room's history cannot have so many; None: nothing.

    `is_known(draft)` says whether the history has the draft's name already, `count(room_id)` how many names it has,
    that of redactions not among them.
    """
    new: set[str] = set()
    for draft in group.drafts:
        if isinstance(draft, DraftByPattern) and not is_known(draft):
            new.add(draft.name)
            if count(draft.room_id) + len(new) > draft.max_names:
                return EventNotAllowed.as_new(draft.room_id, draft.name, draft.max_names)
    return None
