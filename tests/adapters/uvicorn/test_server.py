"""uvicorn as Dialogue sets it."""

from __future__ import annotations

import asyncio
import signal
import socket
from contextlib import ExitStack
from errno import EMFILE
from itertools import pairwise

import pytest
from anyio import Event, fail_after
from anyio.lowlevel import checkpoint

from dialogue.adapters.uvicorn.acceptor import ACCEPTED_A_TURN, Acceptor
from dialogue.adapters.uvicorn.listening import listen
from dialogue.adapters.uvicorn.server import DialogueServer, server_config
from dialogue.adapters.uvicorn.websocket_protocol import WebSocketProtocol


async def nothing() -> None:
    """An application's drain that has nothing to do."""


def test_listen_takes_a_free_port_and_refuses_one_in_use() -> None:
    with listen("127.0.0.1", 0) as first:
        host, port = first.getsockname()
        assert (host, port > 0) == ("127.0.0.1", True)
        first.listen()
        with pytest.raises(OSError, match="in use"):
            listen("127.0.0.1", port)
    listen("127.0.0.1", port).close()  # what is free again can be taken at once


def test_deflate_is_off_and_frames_are_bounded() -> None:
    config = server_config(None, max_frame=7, heartbeat_s=1.5, heartbeat_timeout_s=2.5)
    assert (config.ws, config.ws_max_size, config.ws_per_message_deflate) == (WebSocketProtocol, 7, False)
    assert (config.ws_ping_interval, config.ws_ping_timeout) == (1.5, 2.5)


def test_a_first_signal_stops_in_order_and_a_second_ctrl_c_at_once() -> None:
    config = server_config(None, max_frame=7, heartbeat_s=1, heartbeat_timeout_s=1)
    server = DialogueServer(config, nothing, 1)
    server.handle_exit(signal.SIGTERM, None)
    assert (server.should_exit, server.force_exit) == (True, False)
    server.handle_exit(signal.SIGTERM, None)
    assert server.force_exit is False
    server.handle_exit(signal.SIGINT, None)
    assert server.force_exit is True


async def test_a_few_connections_are_accepted_in_each_pass_of_the_loop() -> None:
    made: list[asyncio.Protocol] = []

    def make() -> asyncio.Protocol:
        made.append(asyncio.Protocol())
        return made[-1]

    with ExitStack() as stack, fail_after(30):
        listener = stack.enter_context(listen("127.0.0.1", 0))
        listener.listen()
        for _ in range(40):
            stack.enter_context(socket.create_connection(listener.getsockname()))
        acceptor = Acceptor(listener, 100, make)
        steps = [0]
        while len(made) < 40:
            await checkpoint()
            if len(made) > steps[-1]:
                steps.append(len(made))
        assert max(after - before for before, after in pairwise(steps)) <= ACCEPTED_A_TURN
        acceptor.close()
        acceptor.close()
        await acceptor.wait_closed()
        stack.enter_context(socket.create_connection(listener.getsockname()))
        for _ in range(10):
            await checkpoint()
        assert len(made) == 40


async def test_where_no_connection_can_be_accepted_it_is_tried_again_later(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Full(socket.socket):
        """A listener of a process that has no more files."""

        tries = 0

        def accept(self) -> tuple[socket.socket, object]:
            """Fail once."""
            self.tries += 1
            if self.tries == 1:
                raise OSError(EMFILE, "Too many open files")
            return super().accept()

    monkeypatch.setattr("dialogue.adapters.uvicorn.acceptor.PAUSE_S", 0.01)
    accepted = Event()

    def make() -> asyncio.Protocol:
        accepted.set()
        return asyncio.Protocol()

    with Full() as listener, fail_after(30):
        listener.bind(("127.0.0.1", 0))
        acceptor = Acceptor(listener, 100, make)
        with socket.create_connection(listener.getsockname()):
            await accepted.wait()
        acceptor.close()
        await acceptor.wait_closed()
    assert "no connection can be accepted" in caplog.text
