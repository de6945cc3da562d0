"""Tokens and API keys on a real server: over every way in, what ends with a token, and what keeps it open."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from time import time
from typing import Any

import httpx
import pytest

from dialogue.adapters.auth.api_key_file import line_of, new_api_key

from ..adapters.auth.key_server import answering, key_server
from ..adapters.auth.signing import DAY_S, SECRET, jwk, key_set, private_key, public_pem, token
from ..node.raw_packets import raw_socket
from ..support.event_source import Sent, refusal, streaming
from ..support.patience import until
from ..support.server_process import ServerProcess
from ..support.wire_client import DEADLINE_S, WireClient, opened

KEY = new_api_key()
ENDED = (4401, "the token has run out")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that takes tokens and API keys, and nobody's word."""
    folder = tmp_path_factory.mktemp("tokens")
    folder.joinpath("keys").write_text(line_of(KEY, "billing", "the-billing", ("publisher",)), encoding="utf-8")
    settings = {"AUTH": "jwt", "JWT_KEY": SECRET, "JWT_LEEWAY_S": "0", "API_KEYS": str(folder / "keys")}
    running = ServerProcess.of_rooms(folder, {f"DIALOGUE_{name}": value for name, value in settings.items()})
    try:
        yield running.start()
        assert running.stop() == 0, running.log
        assert running.faults == []
    finally:
        running.kill()


def soon(seconds: float = 2.5) -> float:
    """When a token of a test runs out that waits for it."""
    return time() + seconds


async def get(server: ServerProcess, path: str = "/rooms", bearer: str | None = None, **options: Any) -> httpx.Response:
    headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}".strip()}
    async with httpx.AsyncClient(base_url=server.http, trust_env=False, timeout=DEADLINE_S) as http:
        return await http.get(path, headers=headers, **options)


def hs256(secret: str, kid: str | None) -> str:
    """A token signed as with a secret, whatever that is: PyJWT would refuse to do so."""
    header = {"alg": "HS256"} | ({} if kid is None else {"kid": kid})
    parts = (header, {"sub": "ada", "aud": "chat", "exp": time() + DAY_S})
    signed = b".".join(urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    signature = urlsafe_b64encode(hmac.digest(secret.encode(), signed, hashlib.sha256)).rstrip(b"=")
    return (signed + b"." + signature).decode()


async def connect(client: WireClient, given: str) -> dict[str, Any]:
    return await client.ask("connect", auth={"token": given, "userId": "mallory"})


@pytest.mark.parametrize(("given", "user_id"), [(token(), "ada"), (KEY, "the-billing")], ids=["token", "API key"])
async def test_one_is_who_the_token_or_the_key_says_over_every_way_in(
    server: ServerProcess, given: str, user_id: str
) -> None:
    async with opened(server.ws) as client:
        connected = await connect(client, given)
        assert connected["userId"] == user_id
        await client.join("hall")
        await client.trigger("hall")
        assert (await client.events(1))[0]["from"] == user_id
    async with httpx.AsyncClient(base_url=server.http, trust_env=False, timeout=DEADLINE_S) as http:
        headers = {"Authorization": f"Bearer {given}", "X-User-Id": "mallory"}
        event = {"event": "message", "data": {"text": "hi"}}
        kept = await http.post("/rooms/hall/events?userId=mallory", headers=headers, json=event)
        assert (kept.status_code, kept.json()["from"]) == (201, user_id)
    async with streaming(server.http, "hall", "mallory", token=given) as stream:
        assert (await stream.opening())["roomId"] == "hall"


FORGED = {
    "none": None,
    "empty": "",
    "no token": "mallory",
    "forged": token("another secret, which is as long as it has to be"),
    "run out": token(exp=time() - 60),
    "not valid yet": token(nbf=time() + DAY_S),
    "another audience": token(aud="elsewhere"),
    "no user": token(sub=None),
    "a long user": token(sub="x" * 256),
    "unsigned": token().rpartition(".")[0] + ".",
    "a key that is none": "dlg_wrong",
    "half a key": KEY[:-1],
}


@pytest.mark.parametrize("given", FORGED.values(), ids=FORGED)
async def test_nobody_else_comes_in_by_any_way(server: ServerProcess, given: str | None) -> None:
    async with opened(server.ws) as client:
        error = await client.refused(
            "connect", auth={"userId": "mallory"} | ({} if given is None else {"token": given})
        )
        assert error["code"] == "UNAUTHENTICATED"
        assert (await client.closed())[0] == 4401
        assert given is None or given == "" or given not in str(client.frames)
    answer = await get(server, "/rooms?userId=mallory", given)
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    refused = await refusal(server.http, "hall", "mallory", **({} if given is None else {"token": given}))
    assert refused.status_code == 401


async def test_a_connection_says_when_it_ends_and_ends_then(server: ServerProcess) -> None:
    async with opened(server.ws) as client:
        ends_at = soon()
        assert (await connect(client, token(exp=ends_at)))["expiresAt"] == int(ends_at * 1_000)
        await client.join("hall")
        assert await client.closed() == ENDED
        assert ends_at <= time() < ends_at + 60
    async with opened(server.ws) as client:
        assert "expiresAt" not in await connect(client, KEY)


async def test_a_refresh_keeps_it_open(server: ServerProcess) -> None:
    async with opened(server.ws) as client:
        ends_at = soon()
        first = await connect(client, token(exp=ends_at))
        await client.join("hall")
        later = soon(6)
        refreshed = await client.ask("refresh", auth={"token": token(exp=later)})
        assert refreshed == {"type": "refreshed", "id": refreshed["id"], "expiresAt": int(later * 1_000)}
        assert refreshed["expiresAt"] > first["expiresAt"]

        async def is_past_the_first_end() -> bool:
            await client.trigger("hall")
            return time() > ends_at + 0.2

        await until(is_past_the_first_end)
        assert await client.closed() == ENDED
        assert time() >= later


async def test_a_refresh_to_a_shorter_time_or_to_none_counts_too(server: ServerProcess) -> None:
    async with opened(server.ws) as client:
        await connect(client, token())
        await client.ask("refresh", auth={"token": token(exp=soon(2))})
        assert await client.closed() == ENDED


async def test_a_refresh_that_fails_changes_nothing_and_another_user_s_fails(server: ServerProcess) -> None:
    async with opened(server.ws) as client:
        ends_at = soon(5)
        await connect(client, token(exp=ends_at))
        for auth in (
            {"token": token(sub="bob")},
            {"token": token(exp=time() - 60)},
            {"token": KEY},
            {"token": "x"},
            {},
        ):
            assert (await client.refused("refresh", auth=auth))["code"] == "UNAUTHENTICATED"
        wrongs: list[object] = [None, "x", []]
        for wrong in wrongs:
            assert (await client.refused("refresh", auth=wrong))["code"] == "INVALID_REQUEST"
        assert (await client.refused("refresh"))["code"] == "INVALID_REQUEST"
        await client.join("hall")
        await client.trigger("hall")
        assert (await client.events(1))[0]["from"] == "ada"
        assert await client.closed() == ENDED
        assert time() >= ends_at


async def test_a_refresh_before_connect_is_refused(server: ServerProcess) -> None:
    async with opened(server.ws) as client:
        assert (await client.refused("refresh", auth={"token": token()}))["code"] == "UNAUTHENTICATED"
        assert (await connect(client, token()))["userId"] == "ada"


async def test_a_stream_ends_with_its_token_and_says_so(server: ServerProcess) -> None:
    ends_at = soon()
    async with streaming(server.http, "hall", None, token=token(exp=ends_at)) as stream:
        await stream.opening()
        *_, left = await stream.rest()
    assert left == Sent("left", None, {"roomId": "hall", "reason": "the token has run out"})
    assert time() >= ends_at


async def test_over_socketio_it_is_the_same(server: ServerProcess) -> None:
    async with raw_socket(server.http) as socket:
        ends_at = soon()
        await socket.connect(token=token(exp=ends_at), userId="mallory")
        await socket.emit("join", roomId="hall")
        await socket.told("joined")
        await socket.emit("trigger", roomId="hall", event="message", data={"text": "hi"})
        assert (await socket.told("event"))["from"] == "ada"
        assert (await socket.told("error"))["closeCode"] == 4401
        assert time() >= ends_at
    for given in (None, token("another secret, which is as long as it has to be"), "dlg_wrong"):
        async with raw_socket(server.http) as socket:
            await socket.say("40" + json.dumps({"userId": "mallory"} | ({} if given is None else {"token": given})))
            packet = await socket.packet()
            assert packet.startswith("44"), packet
            assert json.loads(packet[2:])["data"]["code"] == "UNAUTHENTICATED"


async def test_no_token_is_in_the_log_or_in_an_error(server: ServerProcess) -> None:
    good, bad = token(), token("another secret, which is as long as it has to be")
    async with streaming(server.http, "hall", None, token=good) as stream:
        await stream.opening()
    for path in ("/rooms/hall/stream", "/rooms/none/stream", "/rooms/hall/nothing", "/nothing"):
        for given in (good, bad):
            answer = await get(server, path, params={"token": given, "event": "none"})
            assert answer.status_code >= 400
            assert given not in answer.text
    for given in (good, bad, KEY):
        assert given not in server.log
        assert given.split(".")[-1] not in server.log
    assert SECRET not in server.log


async def test_a_key_that_is_added_or_taken_out_counts_within_a_moment(
    new_server: Callable[..., ServerProcess], tmp_path: Any
) -> None:
    path = tmp_path / "keys"
    first, second = new_api_key(), new_api_key()
    path.write_text(line_of(first, "first"), encoding="utf-8")
    server = new_server(auth="api-keys", api_keys=path)
    assert (await get(server, bearer=first)).status_code == 200
    assert (await get(server, bearer=second)).status_code == 401
    path.write_text(line_of(second, "second"), encoding="utf-8")

    async def is_exchanged() -> bool:
        return (await get(server, bearer=second)).status_code == 200

    await until(is_exchanged)
    assert (await get(server, bearer=first)).status_code == 401


async def test_keys_at_an_address_that_turns_and_goes_down(new_server: Callable[..., ServerProcess]) -> None:
    old, new = private_key("RS256"), private_key("RS256", 1)
    by_old, by_new = token(old, "RS256", "old", aud="chat"), token(new, "RS256", "new", aud="chat")
    with key_server(answering(key_set(jwk(old, "old")))) as keys:
        server = new_server(auth="jwt", jwt_jwks=keys.url, jwt_audience="chat")
        assert "come over http" in server.log
        keys.down()
        answer = await get(server, bearer=by_old)
        assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
        async with opened(server.ws) as client:
            assert (await client.refused("connect", auth={"token": by_old}))["code"] == "UNAVAILABLE"
            keys.up()
            assert (await connect(client, by_old))["userId"] == "ada"
        keys.answer = answering(key_set(jwk(old, "old"), jwk(new, "new")))

        async def is_known() -> bool:
            return (await get(server, bearer=by_new)).status_code == 200

        await until(is_known, timeout_s=30)
        keys.down()
        for given in (by_old, by_new):
            assert (await get(server, bearer=given)).status_code == 200
        assert (await get(server, bearer=token(new, "RS256", "new", aud="elsewhere"))).status_code == 401
        assert (await get(server, bearer=token(private_key("RS256", 2), "RS256", "new", aud="chat"))).status_code == 401
        # The public key, which everybody has, as the secret of HS256.
        for secret in (public_pem(old), key_set(jwk(old, "old"))):
            for kid in ("old", None):
                assert (await get(server, bearer=hs256(secret, kid))).status_code == 401
        assert "cannot be had" in server.log
