"""A token in an address reaches us, and not the log of the server that we run under."""

from __future__ import annotations

import pytest

from dialogue.adapters.asgi.hidden_token import hide_token


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        (b"token=a.b.c", b"token=..."),
        (b"event=x&token=a.b.c&event=y", b"event=x&token=...&event=y"),
        (b"token=a&token=b", b"token=...&token=..."),
        (b"mytoken=a", b"mytoken=a"),
        (b"event=token=", b"event=token="),
        (b"", b""),
    ],
)
def test_the_value_is_hidden_in_what_the_server_keeps(query: bytes, shown: bytes) -> None:
    scope = {"type": "http", "query_string": query}
    assert hide_token(scope)["query_string"] == query
    assert scope["query_string"] == shown
