"""The ways in: what connections share, and the whole container."""

from __future__ import annotations

from dependency_injector import providers

from ...adapters.asgi.front_door import FrontDoor
from ...adapters.asgi.host_policy import HostPolicy
from ...adapters.asgi.origin_policy import OriginPolicy
from ...adapters.asgi.proxy_user import ProxyUser, nobody
from ...adapters.litestar.services import Limits, Services
from ...adapters.wire.frames import WireCodec
from ...adapters.wire.sse_codec import SseCodec
from .inputs import Inputs
from .part import Single
from .services import ServiceParts

settings, config = Inputs.settings.provided, Inputs.config.provided


class Container(ServiceParts):
    """Settings and configuration go in; services and adapters come out, one of each.

    Override until the start: `app.container.archive.override(providers.Singleton(MyArchive))`.
    """

    codec = Single(WireCodec, settings.max_out_frame)
    sse_codec = Single(SseCodec, settings.max_out_frame, ServiceParts.registry.provided.epoch)
    front_door = providers.Factory(
        FrontDoor,
        hosts=providers.Factory(HostPolicy, settings.allowed_hosts, settings.host),
        origins=providers.Factory(OriginPolicy, settings.allowed_origins),
        seen=providers.Selector(
            settings.auth,
            trusting=providers.Object(nobody),
            proxy=providers.Factory(ProxyUser, settings.proxy_user_header, settings.trusted_proxies),
        ),
        request_timeout_s=settings.request_timeout_s,
    )
    limits = Single(
        Limits,
        max_frame=settings.max_frame,
        max_out_frame=settings.max_out_frame,
        max_backlog_frames=settings.max_backlog_frames,
        max_backlog_bytes=settings.max_backlog_bytes,
        max_in_flight=settings.max_in_flight,
        heartbeat_s=settings.heartbeat_s,
        connect_timeout_s=settings.connect_timeout_s,
    )
    services = Single(
        Services,
        node=ServiceParts.node,
        hub=ServiceParts.hub,
        join=ServiceParts.join,
        publish=ServiceParts.publish,
        pages=ServiceParts.pages,
        manage=ServiceParts.manage,
        rooms=ServiceParts.list_rooms,
        mark_read=ServiceParts.mark_read,
        authenticator=Inputs.checked_authenticator,
        hooks=config.hooks,
        run_hook=Inputs.run_hook,
        codec=codec,
        sse_codec=sse_codec,
        limits=limits,
    )
