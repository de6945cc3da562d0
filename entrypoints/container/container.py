"""The ways in: what connections share, and the whole container."""

from __future__ import annotations

from dependency_injector import providers

from ...adapters.asgi.find_peer import FindPeer
from ...adapters.asgi.front_door import FrontDoor
from ...adapters.asgi.host_policy import HostPolicy
from ...adapters.asgi.origin_policy import OriginPolicy
from ...adapters.asgi.proxy_user import ProxyUser, nobody
from ...adapters.asgi.trusted_proxies import TrustedProxies
from ...adapters.asgi.visitors import Visitors
from ...adapters.socketio.app import BesideSocketIo
from ...adapters.socketio.codec import SocketIoCodec
from ...adapters.socketio.connections import Connections
from ...adapters.socketio.limits import SocketIoLimits
from ...adapters.wire.sse_codec import SseCodec
from ...adapters.wire.wire_codec import WireCodec
from ...application.sessions.admit_client import AdmitClient
from ...application.sessions.answer_request import AnswerRequest, RoomServices
from ...application.sessions.client_limits import ClientLimits
from ...application.sessions.identities import Identities
from ...application.sessions.limits import Backlog, SessionLimits
from ...application.sessions.listen_to_room import ListenToRoom
from ...application.sessions.serve_session import ServeSession
from .inputs import Inputs
from .limits import warnings_of
from .part import Derived, Single
from .services import ServiceParts

settings, config = Inputs.settings.provided, Inputs.config.provided


class Container(ServiceParts):
    """Settings and configuration go in; services and adapters come out, one of each.

    Override until the start: `app.container.archive.override(providers.Singleton(MyArchive))`.
    """

    codec = Single(WireCodec, settings.max_out_frame)
    sse_codec = Single(SseCodec, settings.max_out_frame, ServiceParts.registry.provided.epoch)
    trusted_proxies = Single(TrustedProxies, settings.trusted_proxies)
    client_limits = Single(
        ClientLimits, ServiceParts.limiter, settings.max_sessions_per_user, ServiceParts.hub.provided.size
    )
    front_door = providers.Factory(
        FrontDoor,
        hosts=providers.Factory(HostPolicy, settings.allowed_hosts, settings.host),
        origins=providers.Factory(OriginPolicy, settings.allowed_origins, credentials=settings.allow_credentials),
        seen=providers.Selector(
            settings.auth,
            **dict.fromkeys(("trusting", "jwt", "api-keys"), providers.Object(nobody)),
            proxy=providers.Factory(ProxyUser, settings.proxy_user_header, trusted_proxies),
        ),
        visitors=providers.Factory(
            Visitors,
            providers.Factory(FindPeer, trusted_proxies, believes_proxies=settings.proxy_headers),
            client_limits.provider,
            Inputs.metrics.provider,
            settings.max_connections_per_address,
        ),
        request_timeout_s=settings.request_timeout_s,
    )
    session_limits = Single(
        SessionLimits,
        max_frame=settings.max_frame,
        max_values=settings.max_values,
        backlog=Single(Backlog, max_frames=settings.max_backlog_frames, max_bytes=settings.max_backlog_bytes),
        max_in_flight=settings.max_in_flight,
        heartbeat_s=settings.heartbeat_s,
        connect_timeout_s=settings.connect_timeout_s,
        request_timeout_s=settings.request_timeout_s,
        warnings=Derived(warnings_of, Inputs.settings),
    )
    identities = Single(Identities, Inputs.checked_authenticator, Inputs.clock)
    admit = Single(
        AdmitClient,
        identities,
        ServiceParts.hub,
        ServiceParts.join,
        ServiceParts.client_hooks,
        client_limits,
    )
    answer = Single(
        AnswerRequest,
        ServiceParts.join,
        ServiceParts.pages,
        ServiceParts.mark_read,
        Single(RoomServices, ServiceParts.list_rooms, ServiceParts.manage, ServiceParts.tell_members),
        ServiceParts.access,
    )
    serve = Single(
        ServeSession,
        ServiceParts.hub,
        admit,
        answer,
        ServiceParts.publish,
        ServiceParts.publish_batch,
        session_limits,
    )
    socketio_limits = Single(
        SocketIoLimits,
        session=session_limits,
        heartbeat_timeout_s=settings.heartbeat_timeout_s,
        max_out_frame=settings.max_out_frame,
        max_handshakes=settings.max_handshakes,
        max_connections_per_address=settings.max_connections_per_address,
        max_kept_sessions=settings.max_kept_sessions,
        keep_session_s=settings.keep_session_s,
    )
    connections = Single(
        Connections,
        serve,
        Single(SocketIoCodec, settings.max_out_frame, ServiceParts.registry.provided.epoch, counts=True),
        Single(SocketIoCodec, settings.max_out_frame, ServiceParts.registry.provided.epoch, counts=False),
        socketio_limits,
        Inputs.origin,
    )
    beside_socketio = providers.Factory(
        BesideSocketIo, node=ServiceParts.node.provider, connections=connections.provider
    )
    listen = Single(
        ListenToRoom,
        ServiceParts.node,
        ServiceParts.hub,
        ServiceParts.join,
        identities,
        session_limits,
        client_limits,
    )
