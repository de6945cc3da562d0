"""The user that a trusted proxy names."""

from __future__ import annotations

from typing import Any

import pytest

from dialogue.adapters.asgi.proxy_user import ProxyUser
from dialogue.adapters.asgi.refusal import Refused
from dialogue.adapters.asgi.trusted_proxies import TrustedProxies
from dialogue.application.ports.authenticator import PROXY_USER

TCP, UNIX = ("127.0.0.1", 3000), ("/run/dialogue.sock", None)


def scope(client: tuple[str, int] | None, *values: bytes, server: Any = TCP, **more: bytes) -> dict[str, Any]:
    """A request of that peer with the header, once for each value."""
    others = [(name.replace("_", "-").encode(), value) for name, value in more.items()]
    return {"client": client, "server": server, "headers": [*others, *((b"remote-user", each) for each in values)]}


def seen(trusted: list[str], request: dict[str, Any]) -> object:
    return ProxyUser("Remote-User", TrustedProxies(trusted))(request).get(PROXY_USER)


@pytest.mark.parametrize("peer", ["10.1.2.3", "10.255.0.1", "192.0.2.7", "::ffff:10.1.2.3", "2001:db8::5"])
def test_the_word_of_an_address_in_the_list_is_taken(peer: str) -> None:
    trusted = ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "unix"]
    assert seen(trusted, scope((peer, 5), "zoë".encode())) == "zoë"


@pytest.mark.parametrize("trusted", ["::ffff:10.1.2.3", "::ffff:10.1.0.0/112", "::ffff:0:0/96"])
def test_an_address_of_ipv4_is_one_however_the_list_has_it(trusted: str) -> None:
    for peer in ("10.1.2.3", "::ffff:10.1.2.3"):
        assert seen([trusted], scope((peer, 5), b"alice")) == "alice"
    assert seen(["::ffff:10.1.2.3"], scope(("10.1.2.4", 5), b"alice")) is None


@pytest.mark.parametrize("peer", ["11.0.0.1", "192.0.2.8", "2001:db9::5", "::1", "testclient", ""])
def test_that_of_no_other_is_whatever_it_says_of_where_it_comes_from(peer: str) -> None:
    request = scope((peer, 5), b"alice", x_forwarded_for=b"10.0.0.1", forwarded=b"for=10.0.0.1")
    assert seen(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "unix"], request) is None


def test_unix_is_the_server_s_unix_socket_and_not_a_peer_that_has_gone() -> None:
    assert seen(["unix"], scope(None, b"alice", server=UNIX)) == "alice"
    assert seen(["unix"], scope(None, b"alice")) is None
    assert seen(["unix"], scope(None, b"alice", server=None)) is None
    assert seen(["127.0.0.1"], scope(None, b"alice", server=UNIX)) is None


def test_without_the_header_or_with_an_empty_one_nobody_is_named() -> None:
    assert seen(["10.0.0.1"], scope(("10.0.0.1", 5))) is None
    assert seen(["10.0.0.1"], scope(("10.0.0.1", 5), b"")) is None


@pytest.mark.parametrize("values", [(b"alice", b"mallory"), (b"\xfc",)])
def test_two_names_and_what_is_not_utf_8_are_refused(values: tuple[bytes, ...]) -> None:
    with pytest.raises(Refused):
        seen(["10.0.0.1"], scope(("10.0.0.1", 5), *values))
