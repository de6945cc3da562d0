"""Where the server is found, and what it serves beside the rooms: a path, a unix socket, switches, cookies."""

from __future__ import annotations

import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import unix_connect

from dialogue import DialogueApp, Hooks, RoomConfig, create_dialogue, define_event

from ..support.patience import wait_until
from ..support.server_process import DEADLINE_S, ServerProcess, environment
from ..support.wire_client import WireClient, connected
from .command import Here

NewServer = Callable[..., ServerProcess]
ORIGIN = "https://chat.example"
DESCRIPTIONS = ["/schema", "/schema/openapi.json", "/asyncapi.json"]


async def statuses(http: httpx.AsyncClient, *paths: str, **headers: str) -> list[int]:
    return [(await http.get(path, headers=headers)).status_code for path in paths]


async def test_what_is_switched_off_is_not_there(new_server: NewServer) -> None:
    server = new_server(serve_page="off", serve_schema="off", serve_metrics="off")
    async with httpx.AsyncClient(base_url=server.http, trust_env=False) as http:
        assert set(await statuses(http, "/", "/client.js", "/page/chat.js", "/metrics", *DESCRIPTIONS)) == {404}
        assert await statuses(http, "/rooms?userId=ada", "/health/live") == [200, 200]


async def test_the_client_may_be_served_without_the_page(new_server: NewServer) -> None:
    server = new_server(serve_page="client", serve_metrics="off")
    async with httpx.AsyncClient(base_url=server.http, trust_env=False) as http:
        assert await statuses(http, "/", "/page/chat.js", "/client.js", "/client/link.js") == [404, 404, 200, 200]
        described = (await http.get("/schema/openapi.json")).json()["paths"]
        assert ("/metrics" in described, "/rooms" in described) == (False, True)


async def ask(app: DialogueApp, path: str, user: str | None) -> int:
    """The status of one request."""
    headers = {} if user is None else {"X-User-Id": user}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app.asgi), base_url="http://localhost") as http:
        return (await http.get(path, headers=headers)).status_code


def administered(**hooks: Any) -> DialogueApp:
    return create_dialogue(
        rooms={"hall": RoomConfig(name="Hall", events=[define_event("note")])},
        database="memory://",
        settings={"serve_schema": "administer", "serve_metrics": "administer"},
        hooks=Hooks(**hooks),
    )


async def test_what_is_protected_is_for_those_who_may_administer() -> None:
    asked: list[tuple[str, str, str]] = []

    def authorize(identity: Any, action: str, room_id: str) -> bool:
        asked.append((identity.user_id, action, room_id))
        return action != "administer" or identity.user_id == "root"

    app = administered(authorize=authorize)
    async with app.lifespan():
        for path in ("/metrics", *DESCRIPTIONS):
            assert [await ask(app, path, user) for user in (None, "ada", "root")] == [401, 403, 200], path
    assert set(asked) == {("ada", "administer", ""), ("root", "administer", "")}


async def test_and_for_nobody_where_no_rules_say_who_may() -> None:
    app = administered()
    async with app.lifespan():
        assert await ask(app, "/metrics", "root") == 403


async def test_below_a_path_everything_is_there_whether_the_proxy_cuts_it_off_or_not(new_server: NewServer) -> None:
    server = new_server(root_path="/tools/chat")
    assert "/tools/chat" in server.log
    async with httpx.AsyncClient(base_url=server.http, trust_env=False) as http:
        paths = ["/", "/client.js", "/schema", "/asyncapi.json", "/metrics", "/rooms/hall?userId=ada", "/health/live"]
        assert set(await statuses(http, *paths)) == {200}
        assert set(await statuses(http, *(f"/tools/chat{path}" for path in paths))) == {200}
        assert await statuses(http, "/tools/chats", "/tools/rooms") == [404, 404]
        there = await http.get("/tools/chat?room=hall")
        assert (there.status_code, str(there.next_request and there.next_request.url)) == (
            307,
            f"{server.http}/tools/chat/?room=hall",
        )
        await http.post("/tools/chat/rooms/hall/events?userId=ada", json={"event": "note", "data": 1})
        page = await http.get("/tools/chat/rooms/hall/events?userId=ada&limit=1")
        assert page.links["prev"]["url"].startswith("?")  # beside the page itself, wherever that is
    async with connected(server.ws.replace("/ws", "/tools/chat/ws"), "ada") as client:
        await client.join("hall")


@contextmanager
def unix_server(folder: Path, path: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server on that unix socket, which has started; it is killed in the end."""
    command = [sys.executable, "-m", "dialogue", "serve", "--uds", str(path), "--database", "memory://", *options]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment({}), stderr=log, stdout=log)
    try:
        wait_until(lambda: _answers(path), DEADLINE_S, "it does not start")
        yield process
    finally:
        process.kill()
        process.wait(DEADLINE_S)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True


def over(path: Path) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(path)), base_url="http://localhost")


async def test_on_a_unix_socket_a_proxy_is_believed_where_that_is_said(tmp_path: Path, here: Here) -> None:
    """It is its owner's and its group's; another server does not take it; and what a killed one left is replaced."""
    path = tmp_path / "d.sock"
    with unix_server(tmp_path, path, "--auth", "proxy", "--trusted-proxies", "unix"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        assert f"{path} is in use by another program" in here.run("serve", "--uds", str(path)).complaint
        async with over(path) as http:
            assert await statuses(http, "/rooms") == [401]
            assert await statuses(http, "/rooms", **{"X-User-Id": "alice"}) == [200]
    assert path.exists()
    with unix_server(tmp_path, path) as process:
        assert f"unix:{path}" in (tmp_path / "log").read_text().replace("\n", "")
        async with over(path) as http:
            assert await statuses(http, "/health/live", "/rooms?userId=ada") == [200, 200]
        async with unix_connect(str(path), "ws://localhost/ws") as ws:
            assert (await WireClient(ws).ask("connect", auth={"userId": "ada"}))["userId"] == "ada"
        process.terminate()
        assert process.wait(DEADLINE_S) == 0
        assert not path.exists()


def test_a_file_is_not_taken_for_a_socket(tmp_path: Path, here: Here) -> None:
    other = tmp_path / "file"
    other.write_text("mine")
    assert f"{other} is in use by another program, or no socket" in here.run("serve", "--uds", str(other)).complaint
    assert other.read_text() == "mine"


async def test_cookies_go_along_from_listed_pages_alone_where_that_is_said(new_server: NewServer) -> None:
    with_cookies = new_server(allowed_origins=ORIGIN, allow_credentials="true")
    without = new_server(allowed_origins=ORIGIN)
    for server, said in ((with_cookies, "true"), (without, None)):
        async with httpx.AsyncClient(base_url=server.http, trust_env=False) as http:
            asking = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
            preflight = await http.options("/rooms", headers=asking)
            answers = [
                preflight,
                *[await http.get(path, headers={"Origin": ORIGIN}) for path in ("/rooms", "/rooms/x")],
            ]
            for answer in answers:
                assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
                assert answer.headers.get("Access-Control-Allow-Credentials") == said
            foreign = await http.get("/rooms", headers={"Origin": "https://evil.example"})
            assert "Access-Control-Allow-Credentials" not in foreign.headers
            file = await http.get("/client.js", headers={"Origin": ORIGIN})
            assert file.headers["Access-Control-Allow-Origin"] == "*"
            assert "Access-Control-Allow-Credentials" not in file.headers


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--allow-credentials"], "allow_credentials needs allowed_origins by name"),
        (
            ["--allow-credentials", "--allowed-origins", f"{ORIGIN},*"],
            "allow_credentials needs allowed_origins by name",
        ),
        (["--root-path", "chat"], "root_path: "),
        (["--root-path", "/chat/"], "root_path: "),
        (["--root-path", "/a b"], "root_path: "),
        (["--serve-page", "maybe"], "serve_page: "),
        (["--serve-metrics", "admin"], "serve_metrics: "),
        (["--uds", "/nowhere/at/all.sock"], "cannot listen on /nowhere/at/all.sock"),
    ],
)
def test_a_mistake_is_told_in_one_line(here: Here, arguments: list[str], said: str) -> None:
    assert said in here.run("serve", "--port", "0", *arguments).complaint
