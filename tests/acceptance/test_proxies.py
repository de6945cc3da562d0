"""Users whom a proxy in front names: the same over HTTP, over the WebSocket and in streams."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from ..support.event_source import streaming
from ..support.server_process import DEADLINE_S, ServerProcess, environment
from ..support.wire_client import connected, opened
from .command import Here, dialogue

ALICE = {"X-User-Id": "alice"}
EVENT = {"event": "note", "data": 1}
NAMED = b"X-User-Id"


@pytest.fixture
def proxied(new_server: Callable[..., ServerProcess]) -> ServerProcess:
    """A server that believes a proxy at the address from which these tests come."""
    return new_server(auth="proxy")


async def test_over_http_it_is_the_proxy_s_word_alone(proxied: ServerProcess) -> None:
    async with httpx.AsyncClient(base_url=proxied.http, trust_env=False) as http:
        sent = await http.post("/rooms/hall/events?userId=mallory", json=EVENT, headers=ALICE)
        assert sent.json()["from"] == "alice"
        assert (await http.post("/rooms/hall/events?userId=mallory", json=EVENT)).status_code == 401
        twice = await http.get("/rooms", headers=[("X-User-Id", "alice"), ("X-User-Id", "mallory")])
        assert (twice.status_code, twice.json()["details"][0]["path"]) == (422, "X-User-Id")


async def test_over_the_websocket_too_whatever_the_client_says(proxied: ServerProcess) -> None:
    async with opened(proxied.ws, additional_headers=ALICE) as client:
        said = {"userId": "mallory", "dialogue.proxyUser": "mallory"}
        assert (await client.ask("connect", auth=said))["userId"] == "alice"
        await client.join("hall")
        await client.trigger("hall", "note", 1)
        assert (await client.events(1, "hall"))[0]["from"] == "alice"


async def test_without_the_proxy_s_word_a_socket_is_closed_with_4401(proxied: ServerProcess) -> None:
    async with opened(proxied.ws) as client:
        answer = await client.refused("connect", auth={"userId": "mallory", "dialogue.proxyUser": "mallory"})
        assert answer["code"] == "UNAUTHENTICATED"
        assert (await client.closed())[0] == 4401


async def test_and_in_a_stream(proxied: ServerProcess) -> None:
    async with streaming(proxied.http, "hall", "alice", userId="mallory") as stream:
        await stream.opening()
        async with opened(proxied.ws, additional_headers={"X-User-Id": "bob"}) as bob:
            await bob.ask("connect")
            assert (await bob.ask("listRooms"))["type"] == "rooms"
    async with httpx.AsyncClient(base_url=proxied.http, trust_env=False) as http:
        assert (await http.get("/rooms/hall/stream?userId=mallory")).status_code == 401


async def test_whoever_is_not_the_proxy_is_nobody(new_server: Callable[..., ServerProcess]) -> None:
    """Also where it says of itself that it was forwarded by the proxy."""
    server = new_server(auth="proxy", trusted_proxies="10.0.0.0/8,unix", proxy_user_header="Remote-User")
    headers = {"Remote-User": "alice", **ALICE, "X-Forwarded-For": "10.0.0.1", "Forwarded": "for=10.0.0.1"}
    async with httpx.AsyncClient(base_url=server.http, headers=headers, trust_env=False) as http:
        for path in ("/rooms", "/rooms/hall/stream"):
            assert (await http.get(path)).status_code == 401
        assert (await http.post("/rooms/hall/events", json=EVENT)).status_code == 401
    async with opened(server.ws, additional_headers=headers) as client:
        assert (await client.refused("connect", auth={"userId": "alice"}))["code"] == "UNAUTHENTICATED"


@pytest.fixture
def unix_socket(tmp_path: Path) -> Iterator[Path]:
    """Another server on a unix socket, which believes whoever may open it."""
    path = tmp_path / "dialogue.sock"
    settings = {"DIALOGUE_AUTH": "proxy", "DIALOGUE_TRUSTED_PROXIES": "unix", "DIALOGUE_DATABASE": "memory://"}
    factory = "dialogue.entrypoints.server:create_app"
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", factory, "--factory", "--uds", str(path)],
        cwd=tmp_path,
        env=environment(settings),
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + DEADLINE_S
        while not _answers(path):
            assert time.monotonic() < deadline
            with suppress(subprocess.TimeoutExpired):
                raise AssertionError(f"it ended with {process.wait(0.02)}")
        yield path
    finally:
        process.kill()
        process.wait(DEADLINE_S)


def _answers(path: Path) -> bool:
    with suppress(OSError), socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(path))
        return True
    return False


async def test_a_unix_socket_is_a_proxy_s_too(unix_socket: Path) -> None:
    transport = httpx.AsyncHTTPTransport(uds=str(unix_socket))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        body = {"event": "message", "data": {"text": "hi", "username": "a"}}
        assert (await http.post("/rooms/general/events", json=body, headers=ALICE)).json()["from"] == "alice"
        assert (await http.post("/rooms/general/events", json=body)).status_code == 401


async def test_a_user_s_name_is_utf_8_and_one(server: ServerProcess) -> None:
    async with httpx.AsyncClient(base_url=server.http, trust_env=False) as http:
        sent = await http.post("/rooms/hall/events", json=EVENT, headers=[(NAMED, "zoë".encode())])
        assert sent.json()["from"] == "zoë"
        for headers in ([(NAMED, b"zo\xeb")], [(NAMED, b"ada"), (NAMED, b"bob")]):
            answer = await http.post("/rooms/hall/events", json=EVENT, headers=headers)
            assert (answer.status_code, answer.json()["details"][0]["path"]) == (422, "X-User-Id")


async def test_a_key_with_an_umlaut_is_the_same_over_http_and_the_websocket(server: ServerProcess, room: str) -> None:
    body = {"event": "note", "data": 1}
    async with httpx.AsyncClient(base_url=server.http, trust_env=False) as http:
        headers = [(NAMED, b"keyed"), (b"Idempotency-Key", "schlüssel".encode())]
        first = await http.post(f"/rooms/{room}/events", json=body, headers=headers)
        assert first.status_code == 201
    async with connected(server.ws, "keyed") as client:
        await client.join(room)
        assert (await client.trigger(room, "note", 1, key="schlüssel"))["duplicate"] is True


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_believing_strangers_is_refused_unless_it_is_said(tmp_path: Path, host: str) -> None:
    refused = dialogue(tmp_path, "serve", "--port", "0", "--database", "memory://", "--host", host)
    for said in ("--auth proxy", "--trust-clients"):
        assert said in refused.complaint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [["--trust-clients"], ["--auth", "proxy"]])
async def test_where_it_is_said_the_server_starts(tmp_path: Path, options: list[str]) -> None:
    command = [sys.executable, "-m", "dialogue", "serve", "--host", "0.0.0.0", "--port", "{port}"]
    server = ServerProcess(tmp_path, [*command, "--database", "memory://", *options])
    try:
        server.start()
        assert ("believed to be who they say" in server.log) is (options == ["--trust-clients"])
        assert server.stop() == 0
    finally:
        server.kill()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--auth", "none"], "auth: "),
        (["--trusted-proxies", "nginx"], "trusted_proxies: 'nginx'"),
        (["--trusted-proxies", "10.0.0.1/8"], "trusted_proxies: "),
        (["--proxy-user-header", "X User"], "proxy_user_header: "),
    ],
)
def test_a_mistake_is_told_in_one_line(here: Here, arguments: list[str], said: str) -> None:
    assert said in here.run("serve", "--port", "0", *arguments).complaint
