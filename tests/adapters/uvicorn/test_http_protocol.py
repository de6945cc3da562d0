"""Requests that must be refused, and what stands behind others, on a connection without a socket."""

from __future__ import annotations

from typing import Any

import pytest

from dialogue.adapters.uvicorn.request_parser import MAX_HEAD, MAX_HEADERS
from dialogue.application.ports.transport import TRANSPORT

from .speaking import HANDSHAKE, line_to, passes

HOST = b"Host: here\r\n"


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Give back the body, and the path."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    content = scope["raw_path"] + b" " + body
    headers = [(b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400),
        (HANDSHAKE.replace(b"Host", b"Content-Length: 3\r\nHost"), 400),
        (HANDSHAKE.replace(b"Host", b"Transfer-Encoding: chunked\r\nHost"), 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"a: b\r\n" * MAX_HEADERS + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"a: " + b"b" * MAX_HEAD + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"a: " + b"b" * MAX_HEAD, 431),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200, 431),
        (b"GET /" + b"a/" * 4_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
        (HANDSHAKE.replace(b"here", b"xn--" + b"a" * 300), 400),
        (b"\x16\x03\x01\x02\x00\x01", 400),  # a client that speaks TLS
        (b"\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),  # without a host
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nx\r\n", 400),
    ],
)
async def test_what_is_no_request_is_refused_and_the_connection_ends(request_bytes: bytes, status: int) -> None:
    line = line_to(echo)
    line.speak(request_bytes + b"GET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n")
    await passes(5)
    head, _, reason = line.take().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"connection: close" in head
    assert b"HTTP/1.1" not in reason
    assert line.has_eof
    line.speak(b"GET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n")
    await passes(5)
    assert line.take() == b""


async def test_as_many_headers_as_are_allowed_are_read() -> None:
    line = line_to(echo)
    line.speak(b"GET / HTTP/1.1\r\n" + HOST + b"a: b\r\n" * (MAX_HEADERS - 1) + b"\r\n")
    await passes(5)
    assert line.take().startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("cut", range(1, 60, 7))
async def test_requests_in_a_row_are_answered_in_order_however_they_are_cut(cut: int) -> None:
    line = line_to(echo)
    chunked = b"POST /b HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nxy\r\n1\r\nz\r\n0\r\n\r\n"
    sent = b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n" + chunked + b"GET /c HTTP/1.1\r\n" + HOST + b"\r\n"
    for start in range(0, len(sent), cut):
        while not line.is_reading_now:
            await passes(1)
        line.speak(sent[start : start + cut])
    await passes(30)
    answers = [part.partition(b"\r\n\r\n")[2] for part in line.take().split(b"HTTP/1.1 200 OK")[1:]]
    assert answers == [b"/a ", b"/b xyz", b"/c "]


async def test_an_answer_to_head_has_no_body_and_its_length() -> None:
    line = line_to(echo)
    line.speak(b"HEAD /a HTTP/1.1\r\n" + HOST + b"\r\n")
    await passes(5)
    head, _, body = line.take().partition(b"\r\n\r\n")
    assert b"content-length: 3" in head
    assert body == b""


async def test_a_client_that_waits_to_be_asked_for_its_body_is_asked() -> None:
    line = line_to(echo)
    line.speak(b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    await passes(5)
    assert line.take().startswith(b"HTTP/1.1 100 ")
    line.speak(b"xy")
    await passes(5)
    assert line.take().endswith(b"\r\n\r\n/a xy")


async def test_an_old_client_gets_its_answer_and_the_end() -> None:
    line = line_to(echo)
    line.speak(b"GET /a HTTP/1.0\r\n\r\n")
    await passes(5)
    assert line.take().endswith(b"/a ")
    assert line.is_closing()


async def test_an_application_that_fails_or_says_nothing_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    async def fails(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("planted")

    async def says_nothing(scope: Any, receive: Any, send: Any) -> None:
        pass

    for application in (fails, says_nothing):
        line = line_to(application)
        line.speak(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
        await passes(5)
        assert line.take().startswith(b"HTTP/1.1 500 ")
        assert line.is_closing()
    assert "planted" in caplog.text


async def test_what_a_client_leaves_is_told_to_the_application() -> None:
    seen: list[str] = []

    async def listens(scope: Any, receive: Any, send: Any) -> None:
        while not seen or seen[-1] != "http.disconnect":
            seen.append((await receive())["type"])

    line = line_to(listens)
    line.speak(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
    await passes(5)
    line.abort()
    await passes(5)
    assert seen == ["http.request", "http.disconnect"]


@pytest.mark.parametrize(("body", "is_refused"), [(b"1\r\na\r\n0\r\n\r\n", False), (b"no chunk\r\n", True)])
async def test_a_refused_client_may_still_read_why_when_the_application_aborts(body: bytes, is_refused: bool) -> None:
    async def aborts(scope: Any, receive: Any, _send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        scope["state"][TRANSPORT].abort()

    line = line_to(aborts)
    line.unsent = 1  # the client has not taken what was written
    line.speak(b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n")
    await passes(5)
    line.speak(body)
    await passes(5)
    assert line.take().startswith(b"HTTP/1.1 400 ") == is_refused
    assert line.is_ended == (not is_refused)
