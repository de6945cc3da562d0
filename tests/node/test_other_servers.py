"""Socket.IO where Dialogue is mounted into an application, on a server that is not our own."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from ..support.server_process import ServerProcess
from .node_clients import WAYS, NodeClients
from .raw_packets import raw_socket

HOST = """
from dialogue import History, RoomConfig, create_dialogue, define_event
from starlette.applications import Starlette
from starlette.routing import Mount

message = define_event("message", history=History())
dialogue = create_dialogue(rooms={"general": RoomConfig(name="General", events=[message])})
itself = dialogue
mounted = Starlette(routes=[Mount("/live", app=dialogue.asgi)], lifespan=dialogue.lifespan)
"""

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module", params=["itself", "mounted"])
def hosted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a uvicorn, and where Socket.IO is there."""
    folder = tmp_path_factory.mktemp("hosted")
    (folder / "host.py").write_text(HOST)
    mount = "/live" if request.param == "mounted" else ""
    command = [sys.executable, "-m", "uvicorn", f"host:{request.param}", "--port", "{port}"]
    server = ServerProcess(folder, command, {"DIALOGUE_DATABASE": "memory://", "PYTHONPATH": "."}, mount=mount)
    try:
        server.start()
        yield f"http://{server.address}", f"{mount}/socket.io/"
    finally:
        server.kill()


@pytest.mark.parametrize("way", WAYS)
async def test_every_way_works_there(hosted: tuple[str, str], clients: NodeClients, user: str, way: str) -> None:
    url, path = hosted
    ada = await clients.open(url, user, ways=WAYS[way], path=path)
    await ada.join("general")
    for number in range(10):
        await ada.trigger("general", str(number))
    assert [event["data"]["text"] for event in await ada.events(10)] == [str(number) for number in range(10)]
    await ada.order("close")
    assert (await ada.happens("disconnect"))["reason"] == "io client disconnect"


async def test_the_server_ends_a_session_there_too(hosted: tuple[str, str], user: str) -> None:
    url, path = hosted
    async with raw_socket(url + path.removesuffix("/socket.io/")) as ada:
        await ada.connect(userId=user)
        await ada.say("41")
        await ada.socket.wait_closed()
