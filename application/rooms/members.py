"""Who is in one room."""

from __future__ import annotations

from dataclasses import dataclass

from ..sessions.session import Membership, Session


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many are in a room: its sessions, and the users behind them."""

    size: int = 0
    users: int = 0


class Members:
    """The sessions in a room, in order of arrival, and their users."""

    __slots__ = ("_users", "sessions")

    def __init__(self) -> None:
        self.sessions: dict[Session, Membership] = {}
        self._users: dict[str, int] = {}

    @property
    def crowd(self) -> Crowd:
        """How many there are."""
        return Crowd(len(self.sessions), len(self._users))

    def enter(self, session: Session, membership: Membership) -> None:
        """Take the session in, or give it another membership."""
        if session not in self.sessions:
            self._users[session.user_id] = self._users.get(session.user_id, 0) + 1
        self.sessions[session] = membership

    def leave(self, session: Session) -> bool:
        """Let the session go; whether it was here."""
        if self.sessions.pop(session, None) is None:
            return False
        left = self._users[session.user_id] - 1
        if left:
            self._users[session.user_id] = left
        else:
            del self._users[session.user_id]
        return True
