"""Who a client of Socket.IO is, and what it may: the rules are those of every other way in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from time import time

import jwt
import pytest

from ..adapters.auth.signing import SECRET
from ..support.server_process import ServerProcess
from ..support.wire_client import opened
from .node_clients import WAYS, NodeClients
from .raw_packets import raw_polling, raw_socket

pytestmark = pytest.mark.anyio

BOUNDED = {"auth": "jwt", "jwt_key": SECRET, "jwt_algorithms": "HS256", "jwt_leeway_s": "0"}


def token(user_id: str, seconds: float = 600, **claims: object) -> str:
    return jwt.encode({"sub": user_id, "exp": time() + seconds, **claims}, SECRET, "HS256")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that knows its users by their tokens."""
    settings = {f"DIALOGUE_{name.upper()}": value for name, value in BOUNDED.items()}
    server = ServerProcess.of_rooms(tmp_path_factory.mktemp("guarded"), settings)
    try:
        yield server.start()
    finally:
        server.kill()


@pytest.mark.parametrize("way", WAYS)
async def test_a_token_says_who_a_client_is(guarded: ServerProcess, clients: NodeClients, way: str) -> None:
    ada = await clients.open(guarded.http, "eve", ways=WAYS[way], waits=False, auth={"token": token("ada")})
    assert (await ada.told("connected"))["userId"] == "ada"
    await ada.join("hall")
    await ada.trigger("hall", "hi")
    assert [event["from"] for event in await ada.events(1)] == ["ada"]


@pytest.mark.parametrize(
    "auth",
    [
        {"userId": "ada"},
        {},
        {"token": "no token"},
        {"token": jwt.encode({"sub": "ada", "exp": 1}, SECRET, "HS256")},
        {"token": jwt.encode({"sub": "ada"}, "another secret of more than the 32 bytes it takes", "HS256")},
        {"token": jwt.encode({"sub": "ada"}, "", "none")},
    ],
    ids=["a name alone", "nothing", "no token", "an old one", "a forged one", "alg: none"],
)
async def test_whoever_cannot_say_is_refused_with_the_reason(
    guarded: ServerProcess, clients: NodeClients, auth: dict[str, str]
) -> None:
    for way in ("polling", "websocket"):
        nobody = await clients.open(guarded.http, "nobody", ways=WAYS[way], waits=False, auth=auth)
        error = await nobody.happens("connect_error")
        assert error["data"]["code"] == "UNAUTHENTICATED"
        assert error["message"]


async def test_another_users_token_recovers_nothing(guarded: ServerProcess) -> None:
    async with raw_socket(guarded.http) as ada:
        await ada.connect(token=token("ada"))
        await ada.emit("join", roomId="hall")
        await ada.told("joined")
    async with raw_socket(guarded.http) as eve:
        answer = await eve.connect(token=token("eve"), pid=ada.pid, offset=ada.offset)
        assert answer["pid"] != ada.pid
    async with raw_socket(guarded.http) as nobody:
        await nobody.say(f'40{{"userId":"ada","pid":"{ada.pid}","offset":"{ada.offset}"}}')
        assert (await nobody.packet()).startswith("44")


async def test_a_token_that_runs_out_ends_the_connection_and_a_new_one_goes_on_with_the_session(
    guarded: ServerProcess,
) -> None:
    async with raw_socket(guarded.http) as ada:
        await ada.connect(token=token("ada", 2.5))
        await ada.emit("join", roomId="hall")
        await ada.told("joined")
        error = await ada.told("error")
        assert (error["code"], error["closeCode"]) == ("CLOSED", 4401)
        await ada.socket.wait_closed()
        assert ada.socket.close_code == 4401
    async with raw_socket(guarded.http) as again:
        assert (await again.connect(token=token("ada"), pid=ada.pid, offset=ada.offset))["pid"] == ada.pid


async def test_a_token_can_be_renewed(guarded: ServerProcess, clients: NodeClients) -> None:
    ada = await clients.open(guarded.http, "ada", auth={"token": token("ada", 30)})
    answer = await ada.call("refresh", auth={"token": token("ada", 900)})
    assert answer["expiresAt"] > (time() + 800) * 1_000
    assert (await ada.call("refresh", auth={"token": token("eve")}))["error"]["code"] == "UNAUTHENTICATED"


async def test_requests_are_limited_as_on_every_other_way(
    new_server: Callable[..., ServerProcess], clients: NodeClients
) -> None:
    server = new_server(**BOUNDED, limit_events="5/minute")
    ada = await clients.open(server.http, "ada", auth={"token": token("ada")})
    await ada.join("hall")
    answers = [await ada.trigger("hall", str(number)) for number in range(8)]
    assert [("error" in answer) for answer in answers] == [False] * 5 + [True] * 3
    assert answers[-1]["error"]["code"] == "RATE_LIMITED"
    assert answers[-1]["error"]["details"]["retryAfterMs"] > 0


async def test_who_does_not_heed_limits_is_closed_and_sessions_are_counted_over_all_ways(
    new_server: Callable[..., ServerProcess],
) -> None:
    server = new_server(
        **BOUNDED, rate_limits="on", limit_history="1/hour", limit_warnings="3/minute", max_sessions_per_user=1
    )
    async with raw_socket(server.http) as ada, raw_polling(server.http) as again:
        await ada.connect(token=token("ada"))
        await again.open()
        await again.post("40" + json.dumps({"token": token("ada")}))
        refused = json.loads((await again.until("44"))[2:])
        assert refused["data"]["code"] == "RATE_LIMITED"
        async with opened(server.ws) as other:
            assert (await other.refused("connect", auth={"token": token("ada")}))["code"] == "RATE_LIMITED"
        await ada.emit("join", roomId="hall")
        await ada.told("joined")
        for _ in range(5):
            await ada.emit("getHistory", roomId="hall", eventName="message", start=0, end=10)
        told = [await ada.told("error") for _ in range(5)]
        assert [each["code"] for each in told] == ["RATE_LIMITED"] * 4 + ["CLOSED"]
        assert told[-1]["closeCode"] == 4429
        await ada.socket.wait_closed()
        assert ada.socket.close_code == 4429


async def test_what_the_ancestor_has_not_is_said_too(server: ServerProcess, clients: NodeClients, user: str) -> None:
    ada = await clients.open(server.http, user)
    await ada.join("memory")
    batch = await ada.call("triggerBatch", roomId="memory", events=[{"event": "rare", "data": n} for n in range(3)])
    assert len(batch["seqs"]) == 3
    assert (await ada.call("markRead", roomId="memory", seq=batch["seqs"][-1]))["unread"] == 0
