"""Headers as texts. HTTP hands bytes on, and frameworks read them as Latin-1, which turns an ü into two characters."""

from __future__ import annotations

from typing import Any

from litestar import Request

from ...domain.errors import InvalidRequest


def header_text(request: Request[Any, Any, Any], name: str) -> str | None:
    """The header, None where it is missing. Raises InvalidRequest where it is not UTF-8, or stands twice."""
    wanted = name.lower().encode()
    values = [value for found, value in request.scope["headers"] if found == wanted]
    if not values:
        return None
    if len(values) > 1:
        raise InvalidRequest.field(name, "must stand once")
    try:
        return values[0].decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest.field(name, "must be UTF-8") from error
