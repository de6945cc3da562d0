"""Where a connection comes from: what limits by address count it under."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from dialogue.adapters.asgi.find_peer import MAX_PROXIES, FindPeer
from dialogue.adapters.asgi.trusted_proxies import TrustedProxies
from dialogue.application.ports.peer import UNKNOWN, Peer

TCP, UNIX = ("127.0.0.1", 3000), ("/run/dialogue.sock", None)


def found(peer: str | None, *forwarded: str, believes: bool = True, server: Any = TCP) -> Peer:
    """The peer of a request, behind the proxies 10.0.0.0/8, 2001:db8::1 and a unix socket's."""
    find = FindPeer(TrustedProxies(["10.0.0.0/8", "2001:db8::1", "unix"]), believes_proxies=believes)
    headers = [(b"x-forwarded-for", each.encode("latin-1")) for each in forwarded]
    return find({"client": None if peer is None else (peer, 5), "server": server, "headers": headers})


def test_without_a_proxy_it_is_the_socket_s_own_whatever_is_said() -> None:
    assert found("192.0.2.7", "203.0.113.1") == Peer("192.0.2.7", "192.0.2.7")
    assert found("::ffff:192.0.2.7") == Peer("192.0.2.7", "192.0.2.7")


def test_of_ipv6_a_customer_s_whole_network_is_one() -> None:
    one, other = found("2001:db8:1:2::5"), found("2001:db8:1:2:ffff::9")
    assert (one.name, one.counted_as) == ("2001:db8:1:2::5", "2001:db8:1:2::/64")
    assert other.counted_as == one.counted_as != found("2001:db8:1:3::5").counted_as


@pytest.mark.parametrize(
    ("forwarded", "name"),
    [
        (["203.0.113.1"], "203.0.113.1"),
        (["198.51.100.9, 203.0.113.1"], "203.0.113.1"),  # the client itself has sent the first
        (["198.51.100.9", "203.0.113.1, 10.0.0.2"], "203.0.113.1"),
        (["203.0.113.1:4711"], "203.0.113.1"),
        (["[2001:db8:7::1]:4711"], "2001:db8:7::1"),
        (["::ffff:203.0.113.1"], "203.0.113.1"),
        (["10.0.0.3, 10.0.0.2"], "10.0.0.3"),  # a program beside the proxies
        (["203.0.113.1, unknown, 10.0.0.2"], "10.0.0.2"),  # nobody vouches for what stands before
    ],
)
def test_a_trusted_proxy_says_whom_it_speaks_for_and_the_nearest_that_is_none_counts(
    forwarded: list[str], name: str
) -> None:
    assert found("10.0.0.1", *forwarded).name == name
    assert found(None, *forwarded, server=UNIX).name == name


@pytest.mark.parametrize("forwarded", [[], [""], ["unknown"], ["203.0.113.1, "], ["evil\x1b[2J"]])
def test_a_proxy_that_names_nobody_is_not_counted_as_one_client(forwarded: list[str]) -> None:
    assert found("10.0.0.1", *forwarded) == Peer("10.0.0.1", None)
    assert found(None, *forwarded, server=UNIX) == Peer("unix", None)


def test_unless_it_is_said_proxies_are_not_read_and_it_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    find = FindPeer(TrustedProxies(["10.0.0.1"]), believes_proxies=False)
    request = {"client": ("10.0.0.1", 5), "server": TCP, "headers": [(b"x-forwarded-for", b"203.0.113.1")]}
    with caplog.at_level(logging.WARNING):
        assert find(request) == find(request) == Peer("10.0.0.1", None)
    assert [record.message for record in caplog.records if "--proxy-headers" in record.message] != []
    assert len(caplog.records) == 1


def test_a_chain_without_end_is_read_at_its_end_alone() -> None:
    chain = ", ".join(["203.0.113.1"] * 10_000 + ["10.0.0.2"] * MAX_PROXIES)
    assert found("10.0.0.1", chain).name == "10.0.0.2"


def test_who_comes_from_nowhere_is_unknown() -> None:
    assert found(None) == UNKNOWN
    assert found("testclient") == UNKNOWN
