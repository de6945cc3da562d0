"""uvicorn as Dialogue sets it."""

from __future__ import annotations

import signal

import pytest

from dialogue.adapters.uvicorn.server import DialogueServer, listen, server_config
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
