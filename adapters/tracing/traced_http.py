"""What is published over HTTP, as a part of the caller's trace."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from .spans import tracer

App = Callable[[Any, Any, Any], Awaitable[None]]

CHANGING = frozenset({"POST", "DELETE"})
HEADERS = frozenset({b"traceparent", b"tracestate"})


class TracedHttp:
    """An ASGI app around `app`: requests that change something continue the trace that their headers name.

    See https://www.w3.org/TR/trace-context/. Reading is not traced, and a stream would be a span of hours.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._propagator = TraceContextTextMapPropagator()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """As ASGI has it."""
        if scope["type"] != "http" or scope["method"] not in CHANGING:
            await self._app(scope, receive, send)
            return
        carrier = {name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in HEADERS}
        attributes = {"http.request.method": scope["method"], "url.path": scope["path"]}
        with tracer().start_as_current_span(
            f"HTTP {scope['method']}",
            context=self._propagator.extract(carrier),
            kind=SpanKind.SERVER,
            attributes=attributes,
        ) as current:

            async def told(message: Any) -> None:
                if message["type"] == "http.response.start":
                    current.set_attribute("http.response.status_code", message["status"])
                await send(message)

            await self._app(scope, receive, told)
