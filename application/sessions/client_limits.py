"""How much clients may do: how fast, and how much at once."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

from ...domain.errors import RateLimited
from ..ports.peer import Peer
from ..ports.rate_limiter import Action, RateLimiter

COME_AGAIN_S = 10.0
"""When to come again where there are as many as may be: nobody knows when one of them ends."""


FEW = 100
"""An event for so many members counts by its own size alone."""
A_MEMBER = 128
"""As many bytes of traffic each further one counts, since writing to a socket takes long whatever is written."""
A_BYTE = 256
"""So many bytes that go out to each of them count as one that has come in."""
A_ROOM = 16
"""As many bytes of traffic it counts that the application's rules are asked about a room, for a list."""

_MUCH: dict[Action, str] = {"traffic": "much"}


class ClientLimits:
    """Asked at every way in, once for each thing that a client does.

    `max_sessions` are those of one user on this node; `members_of` says how many are in a room here.
    """

    def __init__(self, limiter: RateLimiter, max_sessions: int, members_of: Callable[[str], int]) -> None:
        self._limiter = limiter if limiter.is_on else None
        self._max_sessions = max_sessions
        self._members_of = members_of
        self._sessions: Counter[str] = Counter()

    @property
    def are_on(self) -> bool:
        """Whether anything is limited."""
        return self._limiter is not None

    def ensure(self, action: Action, user_id: str | None, peer: Peer | None, cost: int = 1) -> None:
        """Count it, for the user and the address as far as they are given. Raises RateLimited, and counts nothing."""
        if self._limiter is not None:
            wait_s = self._limiter.take(action, user_id, None if peer is None else peer.counted_as, cost)
            if wait_s > 0:
                raise RateLimited(f"Too {_MUCH.get(action, 'many')} {action}", retry_after_ms=math.ceil(wait_s * 1000))

    def charge(self, action: Action, user_id: str | None, peer: Peer | None, cost: int) -> None:
        """Count what has been done, and could not be told before."""
        if self._limiter is not None:
            self._limiter.charge(action, user_id, None if peer is None else peer.counted_as, cost)

    def cost_of_telling(self, room_id: str, size: int) -> int:
        """What it costs beside itself that an event of so many bytes is told to the room, in bytes of traffic."""
        if self._limiter is None:
            return 0
        return max(0, self._members_of(room_id) - FEW) * (A_MEMBER + size // A_BYTE)

    def enter(self, user_id: str) -> None:
        """Count a session that begins; `leave` counts its end. Raises RateLimited."""
        if self._sessions[user_id] >= self._max_sessions:
            text = f"At most {self._max_sessions} sessions of one user may be open"
            raise RateLimited(text, retry_after_ms=round(COME_AGAIN_S * 1000))
        self.ensure("connections", user_id, None)
        self._sessions[user_id] += 1

    def leave(self, user_id: str) -> None:
        """Count the end of a session that has entered."""
        self._sessions[user_id] -= 1
        if not self._sessions[user_id]:
            del self._sessions[user_id]
