"""An event on its way in, as `before_each` sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..ports.authenticator import Identity

_KEEP: Any = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingEvent:
    """What a user wants to publish: admitted into its room, and not kept yet.

    `data` is plain JSON, as the event's schema gave it back; `meta` is the sender's own extra object, where there is
    one.
    """

    room_id: str
    name: str
    data: Any
    meta: Mapping[str, Any] | None
    user: Identity

    def replace(self, *, data: Any = _KEEP, meta: Mapping[str, Any] | None = _KEEP) -> IncomingEvent:
        """The event with other data, or another meta; the schema judges it again."""
        return replace(self, data=self.data if data is _KEEP else data, meta=self.meta if meta is _KEEP else meta)
