"""The browser's client on a real server that takes tokens: one that runs out is followed by the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from time import time

import pytest
from playwright.sync_api import BrowserContext

from ..adapters.auth.signing import SECRET, token
from ..support.server_process import ServerProcess


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """The chat, for those who have a token."""
    settings = {"AUTH": "jwt", "JWT_KEY": SECRET, "JWT_LEEWAY_S": "0"}
    running = ServerProcess.of_chat(tmp_path, {f"DIALOGUE_{name}": value for name, value in settings.items()})
    try:
        yield running.start()
        assert running.stop() == 0, running.log
        assert running.faults == []
    finally:
        running.kill()


def test_a_client_outlives_its_tokens(server: ServerProcess, contexts: Callable[..., BrowserContext]) -> None:
    """It refreshes in time, and tries again where a refresh is refused, so that the connection goes on."""
    refreshes = count(1)

    def next_token(is_refresh: bool) -> str:
        """The first that is asked for beside a connection is another user's, which no refresh may bring."""
        return token(sub="bob" if is_refresh and next(refreshes) == 1 else "ada", exp=time() + 3)

    page = contexts().new_page()
    page.expose_function("nextToken", next_token)
    page.goto(server.http)
    told = page.evaluate(
        """async () => {
          const { createDialogueClient } = await import("/client.js");
          const told = [];
          let tokens = 0;
          let isSixth;
          const sixth = new Promise((resolve) => (isSixth = resolve));
          const token = () => {
            if (++tokens === 6) isSixth();
            return nextToken(client.state === "connected");
          };
          const client = createDialogueClient({
            url: location.origin,
            auth: { token },
            reconnect: { minDelayMs: 1, maxDelayMs: 2 },
          });
          client.onError(({ code }) => told.push(code));
          client.onDisconnect(({ code }) => told.push(code));
          const { userId } = await client.connect();
          await sixth;
          const room = await client.join("general");
          const { seq } = await room.trigger("message", { text: "still here", username: "Ada" });
          return [userId, told, client.userId, seq > 0];
        }"""
    )
    user_id, errors, again, is_kept = told
    assert (user_id, again, is_kept) == ("ada", "ada", True)
    assert "UNAUTHENTICATED" in errors
    assert set(errors) <= {"UNAUTHENTICATED", 4401}  # on a machine that is slow it may have to come back
