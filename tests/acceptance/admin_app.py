"""An application whose users' roles stand in their names, as in `ada:admin`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dialogue import History, Hooks, Identity, RoomConfig, create_dialogue, define_event, roles

message = define_event("message", history=History(limit=10))


def authenticate(auth: Mapping[str, Any], _client_id: str | None) -> Identity:
    """Believe what is said."""
    name, _, role = str(auth["token"]).partition(":")
    return Identity(user_id=name, claims={"roles": role})


dialogue = create_dialogue(
    rooms={name: RoomConfig(name=name, events=[message]) for name in ("hall", "staff/1")},
    database="memory://",
    hooks=Hooks(
        authenticate=authenticate,
        authorize=roles(
            {
                "*": {"hall": ["join", "read", "publish"]},
                "staff": {"staff/*": ["join", "read", "publish"]},
                "keeper": {"hall": ["administer"]},
                "admin": ["administer"],
            }
        ),
    ),
)
