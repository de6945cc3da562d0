"""How much a user, and an address, may do."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from .types import Rates


class LimitSettings(BaseModel):
    """How much a user, and an address, may do."""

    rate_limits: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Whether limits hold: auto is on, but with the trusting authenticator, where only those hold that "
        "are given.",
    )
    limit_requests: Rates = Field(
        "200/second", description="How many requests of any kind a user may make; several limits with commas, or off."
    )
    limit_events: Rates = Field("100/second", description="How many events a user may publish.")
    limit_history: Rates = Field("600/minute", description="How many pages of history a user may read.")
    limit_joins: Rates = Field("600/minute", description="How many rooms a user may join.")
    limit_rooms: Rates = Field("30/minute", description="How many rooms a user may make and delete.")
    limit_connections: Rates = Field("120/minute", description="How many connections a user may open.")
    limit_traffic: Rates = Field(
        "1024/20 seconds",
        description="How many KiB of requests and their answers a user may cause; what others publish does not count.",
    )
    limit_address_factor: float = Field(
        10.0, ge=1, le=1_000_000, description="How many times as much all clients of one address may do together."
    )
    limit_warnings: Rates = Field(
        "100/minute", description="How often a connection may be RATE_LIMITED; one time more closes it with 4429."
    )
    limit_store: str = Field(
        "",
        pattern=r"^((rediss?|unix)://.*)?$",
        description="The Redis where all nodes count together (redis://…); empty: the bus, where that is one.",
    )
    max_sessions_per_user: int = Field(
        100, ge=1, description="How many connections one user may have on a node; one more is closed with 4429."
    )
    max_connections_per_address: int = Field(
        1_000, ge=1, description="How many connections one address may have on a node; one more is 429."
    )
    max_rooms_per_session: int = Field(
        1_000, ge=1, description="How many rooms one connection may be in; one more is JOIN_DENIED."
    )
