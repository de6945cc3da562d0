"""The query of a request, as it was sent: each name once, numbers in decimal digits, texts in UTF-8."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from litestar import Request

from ...domain.errors import InvalidRequest
from ..wire.request_fields import MAX_NAMES, MAX_NUMBER

MAX_QUERY = 8_192
MAX_PARAMETERS = MAX_NAMES + 100
"""Of one query, which is decoded on the loop: a stream may name as many events as a subscription."""

_DIGITS = re.compile(r"[0-9]+")
_LONGEST = len(str(MAX_NUMBER))


def query_text(request: Request[Any, Any, Any], name: str) -> str | None:
    """The parameter, None where it is missing. Raises InvalidRequest where it stands twice or is not UTF-8."""
    return _once(_pairs(request), name)


def query_fields(
    request: Request[Any, Any, Any], *, texts: tuple[str, ...] = (), numbers: tuple[str, ...] = ()
) -> dict[str, object]:
    """Those of the parameters that are there. Raises InvalidRequest with the name of one that cannot be."""
    pairs = _pairs(request)
    fields: dict[str, object] = {}
    for name in (*texts, *numbers):
        text = _once(pairs, name)
        if text is not None:
            fields[name] = number(name, text) if name in numbers else text
    return fields


def _pairs(request: Request[Any, Any, Any]) -> list[tuple[str, str]]:
    query = request.scope["query_string"].decode("latin-1")
    if len(query) > MAX_QUERY:
        raise InvalidRequest.field("query", f"must have at most {MAX_QUERY} bytes")
    if query.count("&") >= MAX_PARAMETERS:
        raise InvalidRequest.field("query", f"must have at most {MAX_PARAMETERS} parameters")
    try:
        return parse_qsl(query, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError as error:
        raise InvalidRequest.field("query", "must be UTF-8") from error


def _once(pairs: list[tuple[str, str]], name: str) -> str | None:
    values = [value for found, value in pairs if found == name]
    if len(values) > 1:
        raise InvalidRequest.field(name, "must stand once")
    return values[0] if values else None


def number(name: str, text: str) -> int:
    """The number that `text` writes in decimal digits alone. Raises InvalidRequest that names `name`."""
    if not _DIGITS.fullmatch(text):
        raise InvalidRequest.field(name, "must be a number in decimal digits")
    if len(text.lstrip("0")) > _LONGEST:
        raise InvalidRequest.field(name, f"must be at most {MAX_NUMBER}")
    return int(text[-_LONGEST:])
