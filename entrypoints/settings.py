"""What is set per deployment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from ..adapters.sqlmodel.postgresql.url import is_postgresql, shown
from ..application.sessions.limits import ENVELOPE_SIZE
from ..domain.errors import ConfigurationError
from .environment import ENV_PREFIX, port_of, refuse_unknown
from .setting_types import Auth, Hosts, Origins, Proxies, new_node_id

KIB = 1024
MIB = 1024 * KIB
BUSES = ("redis://", "rediss://", "unix://")


class Settings(BaseSettings):
    """All settings, their defaults, and what each bound protects.

    A value comes from the command line, or the environment (`DIALOGUE_PORT=…`), or a file `.env`, or the code that
    calls `create_dialogue`, or the default: the first that gives one.
    """

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, env_file=".env", extra="ignore", validate_default=True)

    host: str = Field("127.0.0.1", description="The address to listen on; 0.0.0.0 for every one.")
    port: Annotated[int, BeforeValidator(port_of)] = Field(
        3000, ge=0, le=65535, description="The port to listen on; 0 takes any free one."
    )
    database: str = Field(
        "sqlite:///dialogue.db",
        description="Where the history is kept: sqlite:///FILE, postgresql://USER:PASSWORD@HOST/NAME, or memory:// for "
        "a server that keeps nothing.",
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
    synchronous: Literal["FULL", "NORMAL", "OFF"] = Field(
        "FULL",
        description="When SQLite waits for the disk: FULL survives a power cut, the others trade that for speed.",
    )
    request_timeout_s: float = Field(
        5.0,
        gt=0,
        le=3600,
        description="How long a request may wait for the storage, from its arrival, in seconds; then UNAVAILABLE.",
    )
    statement_timeout_s: float = Field(
        30.0, gt=0, le=3600, description="How long a statement may take on PostgreSQL, where no request waits for it."
    )
    lock_timeout_s: float = Field(
        5.0, gt=0, le=20, description="How long a statement may wait on PostgreSQL for what another transaction holds."
    )
    idle_transaction_timeout_s: float = Field(
        10.0,
        gt=0,
        le=20,
        description="How long a transaction on PostgreSQL may wait for this server, before it is ended there.",
    )
    database_connect_timeout_s: float = Field(
        5.0, gt=0, le=60, description="How long a new connection to PostgreSQL may take, in seconds."
    )
    database_readers: int = Field(
        8, ge=1, le=1_000, description="How many connections read from PostgreSQL at most, at a time."
    )
    database_writers: int = Field(
        8, ge=1, le=1_000, description="How many connections write to PostgreSQL at most, at a time."
    )
    synchronous_replication: bool = Field(
        default=False,
        description="A replica that is promoted has all events that were answered for: rooms keep their epochs then.",
    )
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
        description="Who says who a client is: itself (trusting, for development), or a proxy in front that knows.",
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
    max_frame: int = Field(
        64 * KIB, ge=KIB, le=16 * MIB, description="The largest message from a client, in bytes; more closes with 1009."
    )
    max_values: int = Field(
        10_000,
        ge=100,
        le=1_000_000,
        description="How many JSON values an event may hold: texts, numbers, objects, arrays and the like.",
    )
    max_out_frame: int = Field(
        MIB, ge=64 * KIB, le=64 * MIB, description="The largest frame that the server sends, in bytes."
    )
    max_backlog_frames: int = Field(
        1_000, ge=16, description="How many frames may wait for a slow client; more closes it with 4413."
    )
    max_backlog_bytes: int = Field(
        4 * MIB, ge=64 * KIB, description="How many bytes may wait for a slow client; more closes it with 4413."
    )
    max_in_flight: int = Field(
        256, ge=1, le=10_000, description="How many unanswered triggers a connection may have; more wait unread."
    )
    max_waiting_events: int = Field(
        20_000, ge=1, description="How many events may wait to be kept; publishers then wait, and get UNAVAILABLE."
    )
    max_waiting_bytes: int = Field(
        32 * MIB, ge=MIB, description="How many bytes of events may wait to be kept; as max_waiting_events."
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
    recovery_limit: int = Field(
        1_000, ge=0, le=10_000, description="How many missed events a join with `since` recovers at most; 0: none."
    )
    key_ttl_s: float = Field(
        86_400.0, gt=0, description="How long an idempotency key is remembered, in seconds (default: 24 hours)."
    )
    max_ended_rooms: int = Field(
        100_000, ge=0, description="Of how many deleted rooms epoch and head are remembered, so that seqs go on."
    )
    sweep_interval_s: float = Field(
        60.0, gt=0, le=86_400, description="How often retention removes what is past it, in seconds."
    )
    idle_room_s: float = Field(
        300.0, gt=0, le=86_400, description="After how long a room that nobody uses leaves memory, in seconds."
    )
    max_buffer_bytes: int = Field(
        64 * MIB,
        ge=MIB,
        description="How many bytes of events all buffers hold together, and one an eighth of it; "
        "past it the largest let go of their oldest.",
    )
    max_waiting_cleanup: int = Field(
        10_000,
        ge=1,
        description="How many evicted events may wait for a failing on_cleanup; past it publishing is UNAVAILABLE.",
    )
    hook_timeout_s: float = Field(
        30.0, gt=0, le=3600, description="How long one call of a hook or a handler may take, in seconds."
    )
    max_hook_threads: int = Field(
        20, ge=1, le=1_000, description="How many hooks and handlers that are no async functions may run at once."
    )
    flush_timeout_s: float = Field(
        30.0, gt=0, le=3600, description="How long a stop waits for on_cleanup to take what memory holds, in seconds."
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

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """As pydantic has it. Raises ConfigurationError where a setting is given that does not exist."""
        assert isinstance(init_settings, InitSettingsSource)
        _refuse_unknown(init_settings.init_kwargs)
        return init_settings, env_settings, dotenv_settings, file_secret_settings

    @field_validator("database")
    @classmethod
    def _is_known(cls, url: str) -> str:
        if "://" not in url or not (url.startswith(("sqlite:", "memory:")) or is_postgresql(url)):
            raise ValueError(f"must be sqlite:///FILE, postgresql://… or memory://, not {shown(url)!r}")
        return url

    @field_validator("bus")
    @classmethod
    def _is_a_bus(cls, bus: str) -> str:
        if bus not in ("none", "postgres") and not (is_postgresql(bus) or bus.startswith(BUSES)):
            raise ValueError(f"must be none, postgres, postgresql://… or redis://…, not {shown(bus)!r}")
        return bus

    @model_validator(mode="after")
    def _bus_fits(self) -> Settings:
        if self.bus != "none" and not is_postgresql(self.database):
            raise ValueError("a bus is for nodes that share a database: give --database postgresql://…, or --bus none")
        return self

    @model_validator(mode="after")
    def _frames_fit(self) -> Settings:
        if self.max_out_frame < self.max_frame + ENVELOPE_SIZE:
            raise ValueError(f"max_out_frame must be at least max_frame + {ENVELOPE_SIZE}, so that every event fits")
        if self.max_backlog_bytes < 2 * self.max_out_frame:
            raise ValueError("max_backlog_bytes must be at least twice max_out_frame")
        return self


def load_settings(code: Mapping[str, Any], overrides: Mapping[str, Any]) -> Settings:
    """The settings in force: `overrides` (the command line) before the environment before `code`.

    Raises ConfigurationError, in one line, with each setting that is wrong or does not exist.
    """
    _refuse_unknown(code.keys() | overrides.keys())

    class Loaded(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            for source in (env_settings, dotenv_settings):
                assert isinstance(source, EnvSettingsSource)
                refuse_unknown(source.env_vars, Settings.model_fields)
            return init_settings, env_settings, dotenv_settings, InitSettingsSource(settings_cls, dict(code))

    try:
        return Loaded(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        problems = (f"{_name(each['loc'])}: {each['msg'].removeprefix('Value error, ')}" for each in found)
        raise ConfigurationError("; ".join(problems)) from error
    except SettingsError as error:
        raise ConfigurationError(str(error)) from error


def _refuse_unknown(names: Iterable[str]) -> None:
    unknown = sorted(set(names) - Settings.model_fields.keys())
    if unknown:
        raise ConfigurationError(f"There is no setting {unknown[0]!r}; there are: {', '.join(Settings.model_fields)}")


def _name(place: tuple[int | str, ...]) -> str:
    return ".".join(map(str, place)) or "settings"
