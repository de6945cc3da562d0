"""The app on other servers, and inside other apps."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from ..support.server_process import ServerProcess
from ..support.wire_client import WireClient, connected, opened, texts

PYTHON = sys.executable
MEMORY = {"DIALOGUE_DATABASE": "memory://"}
FACTORY = "dialogue.entrypoints.server:create_app"

MOUNTED = """
from dialogue import History, RoomConfig, RuntimeRooms, create_dialogue, define_event
from fastapi import FastAPI
from litestar import Litestar, asgi, get
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

message = define_event("message", history=History())
dialogue = create_dialogue(
    rooms={"general": RoomConfig(name="General", events=[message])}, runtime_rooms=RuntimeRooms(events=[message])
)

async def say() -> str:
    await dialogue.trigger("general", message, {"text": "from the host"}, sender="host")
    return "said"

async def say_in_starlette(request: object) -> PlainTextResponse:
    return PlainTextResponse(await say())

routes = [Route("/say", say_in_starlette), Mount("/live", app=dialogue.asgi)]
starlette = Starlette(routes=routes, lifespan=dialogue.lifespan)
starlette_forgotten = Starlette(routes=routes)

itself = Starlette(routes=[Route("/say", say_in_starlette), Mount("/live", app=dialogue)], lifespan=dialogue.lifespan)

fastapi = FastAPI(lifespan=dialogue.lifespan, root_path="/behind/a/proxy")
fastapi.get("/say", response_class=PlainTextResponse)(say)
fastapi.mount("/live", dialogue)

handlers = [get("/say")(say), asgi("/live", is_mount=True, copy_scope=True)(dialogue.asgi)]
litestar = Litestar(handlers, lifespan=[dialogue.lifespan])
litestar_forgotten = Litestar(handlers)
"""


@contextmanager
def served(folder: Path, *command: str, mount: str = "", ready: str = "/health/ready") -> Iterator[ServerProcess]:
    """The command, while it serves."""
    (folder / "host.py").write_text(MOUNTED)
    server = ServerProcess(folder, [PYTHON, "-m", *command], MEMORY, mount=mount, ready=ready)
    try:
        yield server.start()
    finally:
        server.kill()


def uvicorn(*arguments: str) -> tuple[str, ...]:
    return ("uvicorn", *arguments, "--port", "{port}", "--timeout-graceful-shutdown", "2")


LITESTAR = ("litestar", "--app", FACTORY, "run", "--port", "{port}")


@pytest.mark.parametrize("ws", ["auto", "wsproto", "websockets-sansio"])
async def test_uvicorn_serves_the_bundled_chat(tmp_path: Path, ws: str) -> None:
    with served(tmp_path, *uvicorn(FACTORY, "--factory", "--ws", ws)) as server:
        await chat(server)
        assert server.stop() in (0, -15)
        assert server.faults == []


async def test_the_access_log_of_uvicorn_has_no_token(tmp_path: Path) -> None:
    with served(tmp_path, *uvicorn(FACTORY, "--factory")) as server:
        for room, status in ("none", 404), ("general", 200):
            query = {"token": "not-for-the-log", "event": "message", "userId": "ada"}
            async with (
                httpx.AsyncClient(base_url=server.http, trust_env=False) as http,
                http.stream("GET", f"/rooms/{room}/stream", params=query) as answer,
            ):
                assert answer.status_code == status
        assert "/rooms/general/stream?token=...&event=message" in server.log
        assert "not-for-the-log" not in server.log


async def test_litestar_serves_the_bundled_chat(tmp_path: Path) -> None:
    with served(tmp_path, *LITESTAR) as server:
        await chat(server)


GUNICORN = (
    "gunicorn",
    "--worker-class",
    "uvicorn_worker.UvicornWorker",
    "--workers",
    "1",
    "--bind",
    "127.0.0.1:{port}",
)


@pytest.mark.parametrize("command", [("uvicorn", "--port", "{port}"), GUNICORN], ids=lambda command: str(command[0]))
async def test_what_create_dialogue_returns_is_itself_an_app_with_its_lifespan(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    with served(tmp_path, *command, "host:dialogue") as server:
        async with connected(server.ws, "ada") as ada, connected(server.ws, "bob") as bob:
            await ada.join("general")
            await bob.join("general")
            await ada.trigger("general", data={"text": "hi"})
            assert texts(await bob.events(1)) == ["hi"]
        assert server.stop() in (0, -15)


async def chat(server: ServerProcess) -> None:
    """Two people chat, and a third finds the history."""
    async with connected(server.ws, "ada") as ada, connected(server.ws, "bob") as bob:
        assert (await ada.pushed("joined"))["roomId"] == "general"
        await ada.trigger("general", data={"text": "hi", "username": "ada"})
        assert texts(await bob.events(1)) == ["hi"]
        assert texts((await bob.join("general"))["history"]) == ["hi"]
        await bob.send_text("x" * 70_000)
        assert (await bob.closed())[0] == 1009
        assert (await ada.ask("ping"))["type"] == "pong"


@pytest.mark.parametrize("host", ["starlette", "itself", "fastapi", "litestar"])
async def test_mounted_into_an_app_that_enters_its_lifespan_all_of_it_works(tmp_path: Path, host: str) -> None:
    with served(tmp_path, *uvicorn(f"host:{host}"), mount="/live") as server:
        async with (
            connected(server.ws, "ada") as ada,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as http,
        ):
            await ada.join("general")
            assert (await http.get("/say")).text == "said"
            assert texts(await ada.events(1)) == ["from the host"]
            await ada.trigger("general", data={"text": "2"})
            answer = await http.get("/live/rooms/general/events", params={"limit": 1, "userId": "bob"})
            assert texts(answer.json()["events"]) == ["2"]
            older = await http.get(answer.url.join(answer.links["next"]["url"]))
            assert texts(older.json()["events"]) == ["from the host"]
            assert (await http.get("/live/health/live")).status_code == 200
            assert (await http.get("/live/")).status_code == 200
            for file in ("client.js", "client/dialogue-client.js", "page/chat.js"):
                assert (await http.get(f"/live/{file}")).status_code == 200
            await ensure_its_doors_are_ours(server, http, ada)
        assert server.faults == []


async def ensure_its_doors_are_ours(server: ServerProcess, http: httpx.AsyncClient, ada: WireClient) -> None:
    """What stands in front of every request does so below a mount, too."""
    found = await http.get("/live", follow_redirects=True)
    assert [str(step.status_code) for step in found.history] == ["307"]
    assert (found.url.path, found.status_code) == ("/live/", 200)
    for room_id in ("drivers/65", "a/events", "live/live", "/", "ä/ö"):
        await ada.ask("createRoom", room={"id": room_id, "name": "A Room"})
        path = f"/live/rooms/{quote(room_id, safe='')}"
        headers = {"X-User-Id": "bob"}
        assert (await http.get(path, headers=headers)).json()["id"] == room_id
        sent = await http.post(f"{path}/events", json={"event": "message", "data": 1}, headers=headers)
        assert sent.json()["roomId"] == room_id
        assert (await http.delete(f"{path}/events/1", headers=headers)).status_code == 204
        assert (await http.head(f"{path}/stream", headers=headers)).status_code == 200
    assert (await http.get("/live/rooms?userId=bob", headers={"Host": "evil.example"})).status_code == 400
    foreign = {"Origin": "https://evil.example"}
    assert (await http.post("/live/rooms/general/events", json={}, headers=foreign)).status_code == 403
    assert (await http.post("/live/rooms/general/events", content=b"{}")).status_code == 415
    with pytest.raises(InvalidStatus):
        async with opened(f"ws://evil.example:{server.port}/live/ws", host="127.0.0.1", port=server.port):
            pass
    async with opened(server.ws, origin="https://evil.example") as client:
        assert (await client.closed())[0] == 4403


@pytest.mark.parametrize("host", ["starlette_forgotten", "litestar_forgotten"])
async def test_where_its_lifespan_was_forgotten_it_says_so(tmp_path: Path, host: str) -> None:
    with served(tmp_path, *uvicorn(f"host:{host}"), mount="/live", ready="/health/live") as server:
        async with httpx.AsyncClient(base_url=server.http, trust_env=False) as http:
            for path in ("/health/ready", "/rooms?userId=ada", "/rooms/general/events?userId=ada"):
                answer = await http.get(path)
                assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
                assert "lifespan" in answer.json()["detail"]
        async with opened(server.ws) as client:
            code, reason = await client.closed()
            assert code == 1001
            assert "lifespan" in reason
