"""Which names the server answers to."""

from __future__ import annotations

import pytest

from dialogue.adapters.asgi.host_policy import HostPolicy

POLICY = HostPolicy(["chat.example", "*.inside.example"], "Box.Local")


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "localhost:3000", "LOCALHOST", "localhost."),
        *("127.0.0.1", "127.0.0.1:80", "10.1.2.3:3000", "[::1]", "[::1]:3000", "[2001:db8::1]:1"),
        *("box.local", "box.local:3000", "chat.example", "Chat.Example:8443", "a.inside.example", "a.b.inside.example"),
    ],
)
def test_addresses_localhost_the_bound_name_and_the_listed_ones_are_answered_at_any_port(host: str) -> None:
    assert POLICY.allows(host)


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:3000", "localhost.evil.example", "chat.example.evil.example", "xchat.example"),
        *("inside.example", "xinside.example", "", ":3000", "localhost:3000:1", "localhost,evil.example"),
        *("127.0.0.1.evil.example", "127.1", "0x7f000001", "2130706433", "[::1", "localhost/x", "localhost:x"),
        "a@localhost",
    ],
)
def test_no_other_name_is_whatever_it_looks_like(host: str) -> None:
    """Such as a name that a stranger made to point to this machine."""
    assert not POLICY.allows(host)


def test_a_request_that_names_no_host_is_refused() -> None:
    assert not POLICY.allows(None)


def test_a_star_is_every_name() -> None:
    assert HostPolicy(["*"], "").allows("whatever.example")
