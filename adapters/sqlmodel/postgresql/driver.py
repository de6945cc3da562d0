"""What is used of the driver's own connection; asyncpg itself has no types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class Version(Protocol):
    """A version of PostgreSQL."""

    major: int
    minor: int


class DriverConnection(Protocol):
    """An `asyncpg.Connection`. JSONB goes in and comes out as a `str`."""

    async def execute(self, query: str, *arguments: Any) -> str:
        """Run statements (several only where there are no arguments); what the server says to the last, `UPDATE 1`."""
        ...

    async def executemany(self, command: str, args: Sequence[Sequence[Any]]) -> None:
        """Run a statement for many rows of arguments."""
        ...

    async def fetch(self, query: str, *arguments: Any) -> Sequence[Any]:
        """Run a statement; its rows."""
        ...

    async def fetchrow(self, query: str, *arguments: Any) -> Any:
        """Run a statement; its first row, None where there is none."""
        ...

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        """Run a statement; the first value of its first row."""
        ...

    async def copy_records_to_table(self, table_name: str, *, records: Sequence[Sequence[Any]], columns: Any) -> str:
        """Write rows with COPY."""
        ...

    async def reset_type_codec(self, typename: str, *, schema: str) -> None:
        """Let the driver itself write and read the values of a type."""
        ...

    async def close(self) -> None:
        """Say goodbye and close it."""
        ...

    def terminate(self) -> None:
        """Cut it off, at once."""
        ...

    def is_closed(self) -> bool:
        """Whether it was closed, by whom ever."""
        ...

    def is_in_transaction(self) -> bool:
        """Whether a transaction is open in it."""
        ...

    def get_server_version(self) -> Version:
        """Which version the server is, as the handshake said it."""
        ...

    def get_server_pid(self) -> int:
        """The number of the server's process, as the handshake gave it."""
        ...
