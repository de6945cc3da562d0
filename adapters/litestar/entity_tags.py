"""Whether a client has already what it asks for (RFC 9110, 13.1.2)."""

from __future__ import annotations

from typing import Any

from litestar import Request

ANY = "*"
WEAK = "W/"
"""What stands before a tag that a proxy made weak, as it does where it compresses."""


def has_already(request: Request[Any, Any, Any], etag: str) -> bool:
    """Whether `etag` is among the tags that the client names; compared weakly, as for documents that are read."""
    named = ",".join(request.headers.getall("if-none-match", []))
    return any(tag.strip().removeprefix(WEAK) in (etag, ANY) for tag in named.split(","))
