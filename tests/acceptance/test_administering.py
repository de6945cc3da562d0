"""Removing users over HTTP, for those who may administer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from ..support.event_source import streaming
from ..support.server_process import ServerProcess
from ..support.wire_client import WireClient, opened


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The application of `admin_app.py`, running."""
    server = ServerProcess.of_app(tmp_path_factory.mktemp("kept"), Path(__file__).parent / "admin_app.py")
    yield server.start()
    server.kill()


@pytest.fixture
async def bob(kept: ServerProcess) -> AsyncIterator[WireClient]:
    async with opened(kept.ws) as client:
        await client.ask("connect", auth={"token": "bob/1:staff"})
        for room in ("hall", "staff/1"):
            await client.join(room)
        yield client


async def delete(server: ServerProcess, path: str, who: str) -> tuple[int, str | None]:
    """The status, and the code of what is refused."""
    headers = {"Authorization": f"Bearer {who}"}
    async with httpx.AsyncClient(base_url=server.http, headers=headers, trust_env=False) as http:
        answer = await http.delete(path)
    return answer.status_code, answer.json()["code"] if answer.content else None


async def test_who_may_administer_a_room_takes_users_out_of_it(kept: ServerProcess, bob: WireClient) -> None:
    async with streaming(kept.http, "hall", None, token="bob/1:staff") as stream:
        await stream.opening()
        assert await delete(kept, "/rooms/hall/members/bob%2F1?reason=Too+loud", "kim:keeper") == (204, None)
        assert (await stream.rest())[-1].data == {"roomId": "hall", "reason": "Too loud"}
    assert await bob.pushed("left", "hall") == {"type": "left", "roomId": "hall", "reason": "Too loud"}
    assert (await bob.refused("getHistory", roomId="hall"))["code"] == "NOT_JOINED"
    await bob.ask("getHistory", roomId="staff/1")
    assert await delete(kept, "/rooms/staff%2F1/members/bob%2F1", "ann:admin") == (204, None)
    assert (await bob.pushed("left", "staff/1"))["reason"] == "removed by an administrator"
    assert await delete(kept, "/rooms/hall/members/nobody-there", "kim:keeper") == (204, None)


async def test_who_may_administer_the_server_ends_connections(kept: ServerProcess, bob: WireClient) -> None:
    assert await delete(kept, "/users/bob%2F1/connections?reason=Goodbye", "ann:admin") == (204, None)
    assert await bob.closed() == (4403, "Goodbye")


async def test_nobody_else_does(kept: ServerProcess, bob: WireClient) -> None:
    for who in ("eve", "bob/1:staff"):
        assert await delete(kept, "/rooms/hall/members/bob%2F1", who) == (403, "FORBIDDEN")
        assert await delete(kept, "/users/bob%2F1/connections", who) == (403, "FORBIDDEN")
    assert await delete(kept, "/users/bob%2F1/connections", "kim:keeper") == (403, "FORBIDDEN")
    for who in ("eve", "kim:keeper"):
        assert await delete(kept, "/rooms/staff%2F1/members/bob%2F1", who) == (404, "ROOM_NOT_FOUND")
    assert await delete(kept, "/rooms/staff%2F2/members/bob", "sue:staff") == (404, "ROOM_NOT_FOUND")
    assert await delete(kept, "/rooms/nowhere/members/bob%2F1", "ann:admin") == (404, "ROOM_NOT_FOUND")
    for flaw in ("/rooms/hall/members/%20a", f"/rooms/hall/members/a?reason={'x' * 201}"):
        assert await delete(kept, flaw, "ann:admin") == (422, "INVALID_REQUEST")
    await bob.ask("getHistory", roomId="hall")


async def test_without_rules_nobody_does(server: ServerProcess) -> None:
    headers = {"X-User-Id": "ada"}
    async with httpx.AsyncClient(base_url=server.http, headers=headers, trust_env=False) as http:
        for path in ("/rooms/hall/members/bob", "/users/bob/connections"):
            assert (await http.delete(path)).status_code == 403
