"""What is served beside the rooms, and to whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from litestar import Request, Router
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import ControllerRouterHandler

from ...application.access.access import SOMEWHERE, Access
from ...application.ports.authenticator import Authenticator
from ...application.sessions.client_limits import ClientLimits
from .http_identity import ensure_pace, identity_of

Switch = Literal["on", "administer", "off"]
"""Served to everybody, to those who may `administer`, or to nobody: 404 then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What of the folder `web`: the page and its client, the client alone, or nothing; and who gets the descriptions
    and the figures."""

    web: Path
    page: Literal["on", "client", "off"]
    schema: Switch
    metrics: Switch


def routes_of(
    switch: Switch, handlers: Sequence[ControllerRouterHandler], dependencies: Mapping[str, Callable[[], Any]]
) -> list[ControllerRouterHandler]:
    """The `handlers` as they are served."""
    if switch == "off":
        return []
    if switch == "on":
        return [*handlers]
    return [Router("/", route_handlers=handlers, guards=[_administrators(dependencies)])]


def _administrators(dependencies: Mapping[str, Callable[[], Any]]) -> Any:
    async def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        authenticator: Authenticator = dependencies["authenticator"]()
        access: Access = dependencies["access"]()
        limits: ClientLimits = dependencies["limits"]()
        request: Request[Any, Any, Any] = Request(connection.scope)
        identity = await identity_of(request, authenticator)
        ensure_pace(request, limits, identity)
        await access.ensure(identity, "administer", SOMEWHERE)

    return guard
