"""The sessions whose connection was lost, for as long as their clients may come back for them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic

from .sent_log import SentLog

MAX_BYTES = 64 * 1024 * 1024
A_SESSION = 4_096
"""What a kept session counts for besides what has to be sent again, in bytes."""


@dataclass(frozen=True, slots=True)
class KeptSession:
    """Whose it was, the names that it received of each of its rooms, and what it was sent."""

    user_id: str
    rooms: Mapping[str, frozenset[str]]
    log: SentLog

    @property
    def size(self) -> int:
        """About how many bytes it holds."""
        return A_SESSION + self.log.size


class KeptSessions:
    """Keeps at most `most` for at most `age_s` seconds, each once; the oldest go first where there are too many."""

    def __init__(self, most: int, age_s: float) -> None:
        self._most = most
        self._age_s = age_s
        self._kept: OrderedDict[str, tuple[float, KeptSession]] = OrderedDict()
        self._size = 0

    def keep(self, pid: str, session: KeptSession) -> None:
        """Keep a session under the name that its client knows."""
        now = monotonic()
        self._kept[pid] = (now + self._age_s, session)
        self._size += session.size
        while self._kept and (
            len(self._kept) > self._most or self._size > MAX_BYTES or next(iter(self._kept.values()))[0] <= now
        ):
            self._forget(next(iter(self._kept)))

    def take(self, pid: str, user_id: str) -> KeptSession | None:
        """The session of that name, which is forgotten; None where there is none, or it is another user's."""
        until, session = self._kept.get(pid, (0.0, None))
        if session is None or session.user_id != user_id:
            return None
        self._forget(pid)
        return session if monotonic() < until else None

    def _forget(self, pid: str) -> None:
        self._size -= self._kept.pop(pid)[1].size
