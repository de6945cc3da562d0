"""Where the server listens, as which nodes, and how long it waits for clients."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, field_validator

from ...adapters.sqlmodel.postgresql.url import is_postgresql, shown
from .environment import port_of
from .types import new_node_id

BUSES = ("redis://", "rediss://", "unix://")


class ServerSettings(BaseModel):
    """Where the server listens, as which nodes, and how long it waits for clients."""

    host: str = Field("127.0.0.1", description="The address to listen on; 0.0.0.0 for every one.")
    port: Annotated[int, BeforeValidator(port_of)] = Field(
        3000, ge=0, le=65535, description="The port to listen on; 0 takes any free one."
    )
    uds: str = Field(
        "",
        max_length=107,
        description="A unix socket to listen on instead, by its path.",
    )
    root_path: str = Field(
        "",
        pattern=r"^((/[A-Za-z0-9._~-]+)+)?$",
        description="The path below which a proxy shows everything, as in /chat.",
    )
    workers: int = Field(
        1,
        ge=1,
        le=256,
        description="How many processes serve the port, each a node of its own; more than one needs PostgreSQL.",
    )
    node_id: str = Field(
        default_factory=new_node_id,
        pattern=r"^[A-Za-z0-9._-]{1,48}$",
        description="What this node is called among those of one database; no two may be called alike.",
    )
    bus: str = Field(
        "none",
        description="How nodes tell one another where something happened: none (they poll the database), postgres "
        "(over that same database), postgresql://… (one that no pooling proxy stands before), or redis://….",
    )
    poll_interval_s: float = Field(
        0.1,
        gt=0,
        le=60,
        description="How often the database is asked what other nodes have done, in seconds; a bus makes it sooner.",
    )
    ready_interval_s: float = Field(
        2.0, gt=0, le=60, description="How often it is measured whether events can be kept and read, in seconds."
    )
    heartbeat_s: float = Field(25.0, gt=0, le=3600, description="How often the server pings each client, in seconds.")
    heartbeat_timeout_s: float = Field(
        20.0, gt=0, le=3600, description="How long it waits for the pong before it closes with 4408, in seconds."
    )
    connect_timeout_s: Annotated[float, Field(gt=0, le=3600)] = Field(
        10.0, description="How long a new connection has to send `connect`, in seconds."
    )
    client_timeout_s: float = Field(
        20.0,
        gt=0,
        le=3600,
        description=(
            "How long a client may take, in seconds, for each of these: the head of an HTTP request, its body, and "
            "taking what it is sent."
        ),
    )
    drain_timeout_s: float = Field(
        10.0,
        gt=0,
        le=3600,
        description="How long a stopping server waits for its clients to take their close, in seconds.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="What is logged.")
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="How: lines for people, or a JSON object each; auto is console on a terminal, else json."
    )
    tracing: bool = Field(
        default=False,
        description="Tell OpenTelemetry of each publish, up to its last hand-over; OTEL_… variables ask for it, too.",
    )

    @field_validator("bus")
    @classmethod
    def _is_a_bus(cls, bus: str) -> str:
        if bus not in ("none", "postgres") and not (is_postgresql(bus) or bus.startswith(BUSES)):
            raise ValueError(f"must be none, postgres, postgresql://… or redis://…, not {shown(bus)!r}")
        return bus
