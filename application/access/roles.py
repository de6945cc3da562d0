"""Ready-made rules: what the roles that a user's claims name may do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import translate
from typing import Any, Final, get_args

from ...domain.errors import ConfigurationError
from ..ports.authenticator import Identity
from .action import Action

EVERYBODY: Final = "*"
"""The role that everyone has."""

ACTIONS: Final = frozenset(get_args(Action))

_Rooms = re.Pattern[str] | None  # None: every room
_NOTHING: Mapping[str, list[_Rooms]] = {}


class Roles:
    """Rules for `authorize`: each role may do its actions, everywhere or in rooms of these names.

    They are looked up where they are asked, in no thread.
    """

    def __init__(self, rules: Mapping[str, Mapping[str, Sequence[Action]] | Sequence[Action]], claim: str) -> None:
        """Raises ConfigurationError with the role and the action that is wrong."""
        self._claim = claim
        self._allowed: dict[str, dict[str, list[_Rooms]]] = {}
        if not isinstance(rules, Mapping):
            raise ConfigurationError(f"roles: must be a mapping of roles to what they may do, not {rules!r}")
        for role, rule in rules.items():
            if not isinstance(role, str) or not role:
                raise ConfigurationError(f"roles: a role must be a text, not {role!r}")
            by_rooms: Mapping[str, Any] = rule if isinstance(rule, Mapping) else {EVERYBODY: rule}
            allowed = self._allowed.setdefault(role, {})
            for pattern, actions in by_rooms.items():
                granted = frozenset(_ensured(role, pattern, actions))
                for action in ACTIONS if "administer" in granted else granted:
                    allowed.setdefault(action, []).append(_rooms(pattern))

    def __call__(self, identity: Identity, action: Action, room_id: str) -> bool:
        """Whether one of the user's roles may do that in the room."""
        return self._may(EVERYBODY, action, room_id) or any(
            self._may(role, action, room_id) for role in self._roles_of(identity)
        )

    def _may(self, role: str, action: str, room_id: str) -> bool:
        for rooms in self._allowed.get(role, _NOTHING).get(action, ()):
            if rooms is None or rooms.fullmatch(room_id) is not None:
                return True
        return False

    def _roles_of(self, identity: Identity) -> Iterable[str]:
        claimed = identity.claims.get(self._claim)
        if isinstance(claimed, str):
            return claimed.split()  # as OAuth writes scopes
        if isinstance(claimed, (list, tuple, set, frozenset)):
            return [role for role in claimed if isinstance(role, str)]
        return ()


def roles(rules: Mapping[str, Mapping[str, Sequence[Action]] | Sequence[Action]], *, claim: str = "roles") -> Roles:
    """Rules for `Hooks(authorize=…)`: what each role may do, as `{"moderator": ["join", "read", "redact"]}`.

    Instead of actions for all rooms there may be some for each: `{"staff": {"staff-*": ["join", "read", "publish"]}}`,
    where `*` stands for any text. Who may `administer` a room may do everything there. The role `*` is everybody's.

    A user has the roles that the authenticator found in `claim`: a list of texts, or one text with spaces between them.
    What no role may is refused. Raises ConfigurationError with the role and the action that is wrong.
    """
    return Roles(rules, claim)


def _ensured(role: str, pattern: object, actions: object) -> Iterable[str]:
    if not isinstance(pattern, str):
        raise ConfigurationError(f"roles: {role!r}: a room must be a text, not {pattern!r}")
    if isinstance(actions, str) or not isinstance(actions, Iterable):
        raise ConfigurationError(f"roles: {role!r} must have a list of actions, not {actions!r}")
    listed = list(actions)
    for action in listed:
        if not isinstance(action, str) or action not in ACTIONS:
            known = ", ".join(get_args(Action))
            raise ConfigurationError(f"roles: {role!r}: {action!r} is no action; there are {known}")
    return listed


def _rooms(pattern: str) -> _Rooms:
    if pattern == EVERYBODY:
        return None
    plain = "".join(f"[{letter}]" if letter in "[?" else letter for letter in pattern)
    return re.compile(translate(plain))  # which takes no longer for ids that somebody has made up for that
