"""The files of the page and its client, each served under its place in their folder."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler

from .entity_tags import has_already

INDEX = Path("page/index.html")  # the root itself
MEDIA_TYPES = {  # to texts Litestar adds the charset
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".ts": "text/plain",
}
HEADERS = {
    "Cache-Control": "no-cache",
    "Access-Control-Allow-Origin": "*",  # a page elsewhere may import the client; who may connect is asked at /ws
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; frame-ancestors 'self'; base-uri 'none'"
    ),
}


def page_routes(folder: Path, *, with_page: bool) -> Iterator[HTTPRouteHandler]:
    """A route for each file below `folder`; the page is at the root, and names the others relative to it.

    Without the page what is left is its client, which other pages load.
    """
    for file in sorted(folder.rglob("*")):
        if file.suffix in MEDIA_TYPES:
            place = file.relative_to(folder)
            if place.parts[0] == INDEX.parts[0] and not with_page:
                continue
            yield _route("/" if place == INDEX else f"/{place.as_posix()}", file)


def _route(path: str, file: Path) -> HTTPRouteHandler:
    content = file.read_bytes()
    headers = {**HEADERS, "ETag": f'"{sha256(content).hexdigest()[:32]}"'}
    media_type = MEDIA_TYPES[file.suffix]

    @get(path, include_in_schema=False, name=path, sync_to_thread=False)
    def serve(request: Request[Any, Any, Any]) -> Response[bytes]:
        if has_already(request, headers["ETag"]):
            return Response(b"", status_code=304, headers=headers, media_type=media_type)
        return Response(content, headers=headers, media_type=media_type)

    return serve
