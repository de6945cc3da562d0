"""What the entrypoint hands to this adapter."""

from __future__ import annotations

from dataclasses import dataclass

from ...application.feed.hub import Hub
from ...application.hooks.client import Hooks
from ...application.hooks.run_hook import RunHook
from ...application.node import Node
from ...application.ports.authenticator import Authenticator
from ...application.publishing.publish_event import PublishEvent
from ...application.reading.mark_read import MarkRead
from ...application.reading.page_history import PageHistory
from ...application.rooms.list_rooms import ListRooms
from ...application.rooms.manage_rooms import ManageRooms
from ...application.sessions.join_room import JoinRoom
from ..wire.frames import WireCodec
from ..wire.sse_codec import SseCodec


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of one connection; `protocol.md` and the settings say what each means."""

    max_frame: int
    max_out_frame: int
    max_backlog_frames: int
    max_backlog_bytes: int
    max_in_flight: int
    heartbeat_s: float
    connect_timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The services that requests reach, and what connections share."""

    node: Node
    hub: Hub
    join: JoinRoom
    publish: PublishEvent
    pages: PageHistory
    manage: ManageRooms
    rooms: ListRooms
    mark_read: MarkRead
    authenticator: Authenticator
    hooks: Hooks
    run_hook: RunHook
    codec: WireCodec
    sse_codec: SseCodec
    limits: Limits
