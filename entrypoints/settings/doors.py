"""Who may come in, and who says who a client is."""

from __future__ import annotations

from pydantic import BaseModel, Field

from .types import Auth, Creators, Deleters, Hosts, Origins, Proxies, Redactors


class DoorSettings(BaseModel):
    """Who may come in, and who says who a client is."""

    allowed_origins: Origins = Field(
        default_factory=list,
        description="Origins of pages that may connect, with commas between; * is any. Empty: own ones and loopback.",
    )
    allowed_hosts: Hosts = Field(
        default_factory=list,
        description="Names that clients call the server by, besides addresses, localhost and `host`; * is any.",
    )
    auth: Auth = Field(
        "trusting",
        description="Who says who a client is: itself (trusting, for development), whoever has signed its token (jwt), "
        "a key that you have made for it (api-keys), or a proxy in front that knows.",
    )
    trust_clients: bool = Field(
        default=False,
        description="Let clients say who they are on an address that other machines reach, too.",
    )
    proxy_user_header: str = Field(
        "X-User-Id",
        pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$",
        description="The header in which a trusted proxy names the user, with `auth` proxy.",
    )
    trusted_proxies: Proxies = Field(
        default_factory=lambda: ["127.0.0.1", "::1"],
        description="Addresses and networks of these proxies; unix is whoever may open the server's unix socket.",
    )
    socketio: bool = Field(default=True, description="Whether clients of Socket.IO are served, at /socket.io/.")
    proxy_headers: bool = Field(
        default=False,
        description="Take clients' addresses from X-Forwarded-For, where a trusted proxy says so.",
    )
    create_rooms: Creators = Field(
        "users",
        description="Who may make rooms where the application gives no rules: users, or only the permitted (nobody).",
    )
    delete_rooms: Deleters = Field(
        "makers",
        description="Who may delete a room made at run time: its makers, too, or only the permitted.",
    )
    redact_events: Redactors = Field(
        "senders",
        description="Who may redact an event: its senders and its room's makers, too, or only the permitted.",
    )
