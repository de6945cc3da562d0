"""The query of a request, as it was sent."""

from __future__ import annotations

import pytest
from litestar.testing import RequestFactory

from dialogue.adapters.litestar.query import MAX_PARAMETERS, MAX_QUERY, number, query_fields, query_text
from dialogue.adapters.wire.request_fields import MAX_NUMBER
from dialogue.domain.errors import InvalidRequest


def flaw(query: str) -> tuple[str, str]:
    """The path and the message of the refusal of a query."""
    request = RequestFactory().get("/")
    request.scope["query_string"] = query.encode()
    with pytest.raises(InvalidRequest) as refused:
        query_fields(request, texts=("event",), numbers=("limit",))
    problem = refused.value.problems[0]
    return problem.path, problem.message


def test_what_is_there_is_given_as_what_it_is() -> None:
    request = RequestFactory().get("/")
    request.scope["query_string"] = b"event=a+b%26%C3%BC&limit=007&other=1&other=2"
    assert query_fields(request, texts=("event", "epoch"), numbers=("limit",)) == {"event": "a b&ü", "limit": 7}
    assert query_text(request, "epoch") is None


def test_a_query_that_is_too_long_or_has_too_many_parts_is_refused_unread() -> None:
    """A server of ours has refused most of it before; others have bounds of their own, or none."""
    assert flaw("event=" + "%41" * MAX_QUERY) == ("query", f"must have at most {MAX_QUERY} bytes")
    assert flaw("&" * MAX_PARAMETERS) == ("query", f"must have at most {MAX_PARAMETERS} parameters")
    assert flaw("event=%FF") == ("query", "must be UTF-8")
    assert flaw("event=a&event=a") == ("event", "must stand once")


@pytest.mark.parametrize("text", ["", "1_0", "+1", " 1", "1 ", "1\n", "-1", "1.0", "1e1", "0x1", "٣", "²"])
def test_a_number_is_decimal_digits(text: str) -> None:
    with pytest.raises(InvalidRequest, match="must be a number in decimal digits"):
        number("limit", text)


def test_a_number_is_never_larger_than_what_it_is_compared_with() -> None:
    assert number("seq", "0" * 5_000 + "12") == 12
    assert number("seq", str(MAX_NUMBER)) == MAX_NUMBER
    with pytest.raises(InvalidRequest, match="must be at most"):
        number("seq", "9" * 5_000)
