"""Which pages may use the server."""

from __future__ import annotations

import pytest

from dialogue.adapters.asgi.origin_policy import OriginPolicy

HOST = "chat.example:3000"


@pytest.mark.parametrize(
    "origin", ["http://chat.example:3000", "https://chat.example:3000", "HTTP://Chat.Example:3000"]
)
def test_the_server_s_own_pages_may(origin: str) -> None:
    for listed in ([], ["https://other.example"]):
        assert OriginPolicy(listed).allows(origin, HOST)


def test_a_port_that_is_the_scheme_s_own_need_not_be_said() -> None:
    for host in ("chat.example", "chat.example:443"):
        assert OriginPolicy(["https://x.example"]).allows("https://chat.example", host)
        assert not OriginPolicy(["https://x.example"]).allows("https://chat.example:444", host)


@pytest.mark.parametrize("origin", ["http://localhost:5173", "https://127.0.0.1", "http://[::1]:8080"])
def test_pages_of_this_machine_may_where_none_are_listed(origin: str) -> None:
    assert OriginPolicy([]).allows(origin, HOST)
    assert not OriginPolicy(["https://x.example"]).allows(origin, HOST)


@pytest.mark.parametrize(
    "origin",
    [
        *("https://evil.example", "null", "", "chat.example:3000", "http://chat.example", "http://chat.example:3001"),
        *("http://localhost.evil.example", "http://localhost:1.evil.example", "http://localhost:1@evil.example"),
        *(
            "http://evil.example/http://localhost",
            "http://[::1",
            "ftp://localhost",
            "http://localhost, http://x.example",
        ),
        *("http://chat.example:3000/", "http://a@chat.example:3000", "file://"),
    ],
)
def test_no_other_page_may(origin: str) -> None:
    assert not OriginPolicy([]).allows(origin, HOST)


def test_listed_ones_may_of_any_scheme_with_or_without_a_slash() -> None:
    policy = OriginPolicy(["https://app.example/", "capacitor://localhost", "http://Other.example:8080"])
    for origin in (
        "https://app.example",
        "https://app.example:443",
        "capacitor://localhost",
        "http://other.example:8080",
    ):
        assert policy.allows(origin, HOST)
    for origin in ("http://app.example", "https://app.example:8080", "http://other.example", "https://xapp.example"):
        assert not policy.allows(origin, HOST)


def test_a_star_is_every_page() -> None:
    assert OriginPolicy(["*"]).allows("null", HOST)
