"""`/schema`, `/schema/openapi.json` and `/asyncapi.json`: what HTTP and the WebSocket offer, described once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec
from anyio import Lock, to_thread
from litestar import Litestar, Request, Response, get
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Tag
from litestar.plugins.pydantic import PydanticPlugin
from litestar.serialization import encode_json, get_serializer

from ..wire.asyncapi import asyncapi_document
from ..wire.frames import json_bytes
from .entity_tags import has_already
from .schema_page import schema_page

OPENAPI_JSON = "application/vnd.oai.openapi+json"
ASYNCAPI_JSON = "application/vnd.aai.asyncapi+json"
DESCRIPTION = """Rooms of typed events whose history does not end.

What happens live goes over the WebSocket at `/ws` (subprotocol `dialogue.v1`), which `/asyncapi.json` describes; here
are the calls beside it.
"""
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Document:
    """A document that does not change while the server runs."""

    content: bytes
    etag: str

    @classmethod
    def of(cls, content: bytes) -> Document:
        """The document with that content."""
        return cls(content, f'"{sha256(content).hexdigest()[:32]}"')


@dataclass(frozen=True, slots=True)
class Documents:
    """OpenAPI of the calls over HTTP, the same as a page for people, and AsyncAPI of the WebSocket."""

    openapi: Document
    page: Document
    asyncapi: Document


def describe(handlers: Iterable[HTTPRouteHandler], dependencies: Mapping[str, Provide], version: str) -> Documents:
    """The documents; the handlers are those that OpenAPI describes. Takes some tenths of a second."""
    described = Litestar(
        route_handlers=[*handlers],
        dependencies=dependencies,
        logging_config=None,
        plugins=[PydanticPlugin(prefer_alias=True)],  # so that it has the names of the wire
        openapi_config=OpenAPIConfig(
            title="Dialogue",
            version=version,
            description=DESCRIPTION,
            tags=[
                Tag(name="Rooms", description="Where events happen."),
                Tag(name="Events", description="What happened, and making something happen."),
                Tag(name="Health", description="For whoever watches the server."),
            ],
        ),
    )
    schema = described.openapi_schema.to_schema()
    encoded = encode_json(schema, serializer=get_serializer(described.type_encoders))
    return Documents(
        openapi=Document.of(encoded),
        page=Document.of(schema_page(msgspec.json.decode(encoded)).encode()),
        asyncapi=Document.of(json_bytes(asyncapi_document(version))),
    )


class SchemaDocuments:
    """Makes the documents when they are first asked for, once, and not on the loop, where everybody would wait."""

    def __init__(self, make: Callable[[], Documents]) -> None:
        self._make = make
        self._made: Documents | None = None
        self._making = Lock()

    async def __call__(self) -> Documents:
        """All of them."""
        async with self._making:
            if self._made is None:
                self._made = await to_thread.run_sync(self._make)
        return self._made


def schema_routes(documents: SchemaDocuments) -> list[HTTPRouteHandler]:
    """Where they are."""

    @get("/schema", include_in_schema=False)
    async def page(request: Request[Any, Any, Any]) -> Response[bytes]:
        if (request.scope.get("raw_path") or b"").endswith(b"/"):  # from there its link would lead nowhere
            return Response(b"", status_code=307, headers={"Location": "../schema"}, media_type="text/html")
        return _answer(request, (await documents()).page, "text/html", PAGE_HEADERS)

    @get("/schema/openapi.json", include_in_schema=False)
    async def openapi(request: Request[Any, Any, Any]) -> Response[bytes]:
        return _answer(request, (await documents()).openapi, OPENAPI_JSON, {})

    @get("/asyncapi.json", include_in_schema=False)
    async def asyncapi(request: Request[Any, Any, Any]) -> Response[bytes]:
        return _answer(request, (await documents()).asyncapi, ASYNCAPI_JSON, {})

    return [page, openapi, asyncapi]


def _answer(
    request: Request[Any, Any, Any], document: Document, media_type: str, headers: dict[str, str]
) -> Response[bytes]:
    named = {**headers, "Cache-Control": "no-cache", "ETag": document.etag}
    if has_already(request, document.etag):
        return Response(b"", status_code=304, headers=named, media_type=media_type)
    return Response(document.content, headers=named, media_type=media_type)
