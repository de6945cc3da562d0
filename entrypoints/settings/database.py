"""Where the history is kept, and how long the database may take."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field, field_validator

from ...adapters.sqlmodel.postgresql.url import is_postgresql, shown


class DatabaseSettings(BaseModel):
    """Where the history is kept, and how long the database may take."""

    database: str = Field(
        "sqlite:///dialogue.db",
        description="Where the history is kept: sqlite:///FILE, postgresql://USER:PASSWORD@HOST/NAME, or memory:// for "
        "a server that keeps nothing.",
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

    @field_validator("database")
    @classmethod
    def _is_known(cls, url: str) -> str:
        if "://" not in url or not (url.startswith(("sqlite:", "memory:")) or is_postgresql(url)):
            raise ValueError(f"must be sqlite:///FILE, postgresql://… or memory://, not {shown(url)!r}")
        return url
