"""Keys at an address: cached, turned, out of reach, and an address that does its worst."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from time import monotonic

import pytest
from anyio import create_task_group

from dialogue.adapters.auth import jwks_address
from dialogue.adapters.auth.get_bounded import GetFailed, get_bounded
from dialogue.adapters.auth.jwks_address import BURST, EVERY_S, FRESH_S, STALE_S, JwksAddress
from dialogue.adapters.auth.jwt_authenticator import JwtAuthenticator, TokenRules
from dialogue.adapters.threads.daemon_threads import DaemonThreads
from dialogue.domain.errors import Unauthenticated, Unavailable

from ...support.certificates import Certificates, needs_openssl
from .key_server import Answer, KeyServer, answering, key_server
from .signing import jwk, key_set, private_key, token

pytestmark = pytest.mark.anyio

FIRST, SECOND = private_key("ES256"), private_key("ES256", 1)
BY_FIRST, BY_SECOND = token(FIRST, "ES256", "first"), token(SECOND, "ES256", "second")
KEYS, TURNED = answering(key_set(jwk(FIRST, "first"))), answering(key_set(jwk(SECOND, "second")))


@pytest.fixture
def server() -> Iterator[KeyServer]:
    with key_server(KEYS) as running:
        yield running


class Keys:
    """The keys of a server, at a time of the test's own."""

    def __init__(self, url: str, timeout_s: float = 5.0) -> None:
        self.now = 1_000.0
        fetch = partial(get_bounded, url, timeout_s=timeout_s, max_bytes=1 << 20)
        self.address = JwksAddress(fetch, DaemonThreads(1), url, lambda: self.now)
        self._authenticator = JwtAuthenticator(self.address, TokenRules())

    async def user(self, given: str) -> str:
        """Who has this token."""
        return (await self._authenticator.authenticate({"token": given}, None)).user_id

    async def settled(self) -> None:
        """Wait for what is being fetched."""
        running = self.address._running
        if running is not None:
            await running.ended()


async def test_keys_are_fetched_once_and_kept(server: KeyServer) -> None:
    keys = Keys(server.url)
    async with create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(keys.user, BY_FIRST)
    assert await keys.user(BY_FIRST) == "ada"
    assert server.asked == 1


async def test_a_key_that_is_new_is_asked_for_at_once_but_not_as_often_as_people_like(server: KeyServer) -> None:
    keys = Keys(server.url)
    await keys.user(BY_FIRST)
    server.answer = TURNED
    assert await keys.user(BY_SECOND) == "ada"
    with pytest.raises(Unauthenticated):
        await keys.user(BY_FIRST)  # it was taken out
    for number in range(50):
        with pytest.raises(Unauthenticated):
            await keys.user(token(FIRST, "ES256", f"made-up-{number}"))
    assert server.asked == BURST
    assert await keys.user(BY_SECOND) == "ada"
    keys.now += EVERY_S
    for number in range(5):
        with pytest.raises(Unauthenticated):
            await keys.user(token(FIRST, "ES256", f"made-up-{number}"))
    assert server.asked == BURST + 1


async def test_a_key_that_was_taken_back_holds_no_longer_than_the_cache(server: KeyServer) -> None:
    keys = Keys(server.url)
    await keys.user(BY_FIRST)
    server.answer = TURNED
    keys.now += FRESH_S
    assert await keys.user(BY_FIRST) == "ada"  # nobody waits: the next one sees it
    await keys.settled()
    with pytest.raises(Unauthenticated):
        await keys.user(BY_FIRST)


@pytest.mark.parametrize("trouble", ["down", "500", "rubbish", "no keys"])
async def test_while_the_address_has_trouble_the_keys_hold_for_a_bounded_time(server: KeyServer, trouble: str) -> None:
    keys = Keys(server.url)
    await keys.user(BY_FIRST)
    if trouble == "down":
        server.down()
    answers: dict[str, Answer] = {
        "500": answering(key_set(jwk(SECOND, "second")), 500),
        "rubbish": answering("<html>"),
        "no keys": answering('{"keys": []}'),
    }
    server.answer = answers.get(trouble, KEYS)
    keys.now += STALE_S - 1
    assert await keys.user(BY_FIRST) == "ada"
    await keys.settled()
    assert await keys.user(BY_FIRST) == "ada"
    with pytest.raises(Unauthenticated):
        await keys.user(BY_SECOND)
    keys.now += 2
    with pytest.raises(Unavailable):
        await keys.user(BY_FIRST)
    server.answer = KEYS
    if trouble == "down":
        server.up()
    keys.now += EVERY_S
    assert await keys.user(BY_FIRST) == "ada"


async def test_without_any_keys_tokens_are_refused_as_unavailable_and_known_as_soon_as_they_come(
    server: KeyServer,
) -> None:
    server.down()
    keys = Keys(server.url)
    with pytest.raises(Unavailable):
        await keys.user(BY_FIRST)
    server.up()
    assert await keys.user(BY_FIRST) == "ada"


async def test_an_address_that_hangs_holds_up_nobody_whose_key_is_known(
    server: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks_address, "TIMEOUT_S", 0.2)
    keys = Keys(server.url, timeout_s=60)
    await keys.user(BY_FIRST)
    server.answer = server.hang
    keys.now += FRESH_S
    began = monotonic()
    for _ in range(100):
        assert await keys.user(BY_FIRST) == "ada"
    assert monotonic() - began < 30
    with pytest.raises(Unauthenticated):
        await keys.user(BY_SECOND)  # waits for the time-out, and no longer
    assert monotonic() - began < 30
    server.released.set()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (answering(b"x" * 10_000_000), "larger than 1,048,576 bytes"),
        (answering("", 302, Location="http://127.0.0.1:1/"), "302, not 200"),
        (answering("", 404), "404, not 200"),
        (lambda request: request.wfile.write(b"\0" * 100_000 + b"\r\n"), "."),
        (
            lambda request: request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}"),
            "cut off|IncompleteRead",
        ),
        (lambda request: request.connection.close(), "."),
    ],
    ids=["10 MB", "redirect", "404", "noise", "cut off", "closed"],
)
async def test_what_is_no_answer_is_named(server: KeyServer, answer: Answer, reason: str) -> None:
    server.answer = answer
    with pytest.raises(GetFailed, match=reason):
        get_bounded(server.url, timeout_s=5, max_bytes=1 << 20)


async def test_a_redirect_is_not_followed(server: KeyServer) -> None:
    with key_server(KEYS) as other:
        server.answer = answering("", 302, Location=other.url)
        with pytest.raises(Unavailable):
            await Keys(server.url).user(BY_FIRST)
        assert other.asked == 0


@pytest.mark.parametrize("way", ["hang", "drip"])
def test_an_answer_that_does_not_end_is_cut_off(server: KeyServer, way: str) -> None:
    server.answer = server.hang if way == "hang" else server.drip
    began = monotonic()
    with pytest.raises(GetFailed, match="no answer in time"):
        get_bounded(server.url, timeout_s=0.3, max_bytes=1 << 20)
    assert monotonic() - began < 30


@needs_openssl
def test_over_https_whoever_answers_needs_a_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificates = Certificates(tmp_path)
    tls = SSLContext(PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificates.certificate, certificates.key)
    get = partial(get_bounded, timeout_s=5, max_bytes=1 << 20)
    with key_server(KEYS, tls) as server:
        with pytest.raises(GetFailed, match="certificate"):
            get(server.url)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
        assert b"first" in get(server.url)
        server.answer = server.drip
        with pytest.raises(GetFailed, match="no answer in time"):
            get_bounded(server.url, timeout_s=0.3, max_bytes=1 << 20)


def test_a_handshake_that_is_not_answered_ends_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(GetFailed, match="no answer in time"):
        get_bounded(f"https://127.0.0.1:{silent.getsockname()[1]}/", timeout_s=0.3, max_bytes=1)


async def test_a_single_key_that_is_unfit_is_passed_over_and_told_of(
    server: KeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    secret = {"kty": "oct", "kid": "shared", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"}
    server.answer = answering(key_set(secret, {"kty": "new"}, jwk(FIRST, "first")))
    assert await Keys(server.url).user(BY_FIRST) == "ada"
    assert "'shared' is a secret" in caplog.text
    assert secret["k"] not in caplog.text
