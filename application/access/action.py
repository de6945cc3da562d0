"""What permissions are given for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

from ..ports.authenticator import Identity

Action = Literal["join", "read", "publish", "create", "delete", "redact", "administer"]
"""To see that a room is there and to enter it (`join`), to read its events, to publish into it, to create it, to delete
it whoever made it, to redact its events whoever sent them, and to do all of these (`administer`)."""

Authorize = Callable[[Identity, Action, str], Awaitable[bool] | bool]
"""`authorize(user, action, room_id)` says whether the user may."""

BeforeJoin = Callable[[Identity, str], Awaitable[bool | int | None] | bool | int | None]
"""`before_join(user, room_id)` keeps the user out by False, or by raising JoinDenied with the reason; an integer is the
seq from which on the user may read, of a user who has not joined the room before."""
