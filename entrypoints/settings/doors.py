"""Who may come in, and who says who a client is."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field, model_validator

from ...adapters.asgi.origin_policy import ANY
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
    allow_credentials: bool = Field(
        default=False,
        description="Let pages of the allowed origins send cookies along, over HTTP; they must be listed by name then.",
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
    serve_page: Literal["on", "client", "off"] = Field(
        "on", description="What is served of the web page: all, client.js alone, or nothing."
    )
    serve_schema: Literal["on", "administer", "off"] = Field(
        "on", description="Who gets /schema and /asyncapi.json: all, those with permission to administer, or nobody."
    )
    serve_metrics: Literal["on", "administer", "off"] = Field("on", description="Who gets /metrics; as serve_schema.")
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

    @model_validator(mode="after")
    def _credentials_fit(self) -> DoorSettings:
        if self.allow_credentials and (ANY in self.allowed_origins or not self.allowed_origins):
            raise ValueError(
                "allow_credentials needs allowed_origins by name: any page could use a user's cookies else"
            )
        return self
