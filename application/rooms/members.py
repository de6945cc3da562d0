"""Who is in one room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..sessions.session import Membership, Session


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many are in a room: its sessions, and the users behind them; None where these are too many to tell."""

    size: int = 0
    users: int | None = 0


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Who is in a room on other nodes: so many sessions, and of each user how many; None where users are too many."""

    sessions: int
    users: Mapping[str, int] | None

    def with_(self, members: Members) -> Crowd:
        """These and the `members` of this node together."""
        users = None if self.users is None else len(self.users.keys() | members.users.keys())
        return Crowd(len(members.sessions) + self.sessions, users)


class Members:
    """The sessions in a room, in order of arrival, and their users."""

    __slots__ = ("_users", "sessions")

    def __init__(self) -> None:
        self.sessions: dict[Session, Membership] = {}
        self._users: dict[str, int] = {}

    @property
    def users(self) -> Mapping[str, int]:
        """How many sessions each user has here, in order of arrival."""
        return self._users

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
