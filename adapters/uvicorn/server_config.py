"""uvicorn's settings, and ours for its protocols."""

from __future__ import annotations

from typing import Any

from uvicorn import Config

from .gathered_writes import GatheredWrites
from .turns import Turns

CLIENT_TIMEOUT_S = 20.0


class ServerConfig(Config):
    """What all connections of one server share.

    `client_timeout_s` is how long a client may take for each of these: the head of a request, its body, and taking
    what it is sent.
    """

    def __init__(self, app: Any, *, client_timeout_s: float = CLIENT_TIMEOUT_S, **settings: Any) -> None:
        super().__init__(app, **settings)
        self.client_timeout_s = client_timeout_s
        self.turns = Turns()
        self.gathered_writes = GatheredWrites()
