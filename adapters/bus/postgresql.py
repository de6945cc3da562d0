"""The bus over LISTEN and NOTIFY of the database's own PostgreSQL: no further server."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
from anyio import Event as Signal
from anyio import create_task_group, fail_after, move_on_after

from ...application.ports.event_bus import BusDown, BusReceiver
from .outgoing import Outgoing
from .reason import reason

MAX_SIZE = 7_999
"""A payload of NOTIFY must be shorter than 8,000 bytes."""
CHANNEL = "dialogue"
QUIET_S = 5.0
"""So often the connection is asked whether it is there."""
PATIENCE_S = 5.0
NOTIFY = "SELECT pg_notify($1, notice) FROM unnest($2::text[]) AS notice"


class PostgresqlBus:
    """`EventBus` over one channel of a database; all nodes over that database meet there.

    `dsn` is its address as the driver takes it. It has a connection of its own, which must be a direct one: behind a
    proxy that pools transactions nothing is heard.
    """

    max_size = MAX_SIZE
    is_heard = True

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._outgoing = Outgoing()

    def publish(self, notice: bytes) -> None:
        """See `EventBus.publish`."""
        self._outgoing.put(notice)

    async def run(self, receiver: BusReceiver) -> None:
        """See `EventBus.run`."""
        try:
            with fail_after(PATIENCE_S):
                connection = await asyncpg.connect(
                    self._dsn,
                    timeout=PATIENCE_S,
                    statement_cache_size=0,
                    server_settings={"application_name": "dialogue bus"},
                )
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, ValueError) as error:
            raise BusDown(str(error) or type(error).__name__) from error
        try:
            await self._carry(connection, receiver)
        except* (BusDown, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as errors:
            raise BusDown(reason(errors)) from errors
        finally:
            self._outgoing.close()
            with move_on_after(1, shield=True):
                await _ended(connection)

    async def _carry(self, connection: Any, receiver: BusReceiver) -> None:
        lost = Signal()

        def hear(_: object, __: int, ___: str, payload: str) -> None:
            receiver.receive(payload.encode())  # also what is this node's own, whose way is timed by that

        connection.add_termination_listener(lambda _: lost.set())
        with fail_after(PATIENCE_S):
            await connection.add_listener(CHANNEL, hear)
        self._outgoing.open()
        receiver.connected()
        async with create_task_group() as tasks:
            tasks.start_soon(self._send, connection)
            await lost.wait()
            raise BusDown("the connection was lost")

    async def _send(self, connection: Any) -> None:
        while True:
            notices: list[bytes] = []
            with move_on_after(QUIET_S):
                notices = await self._outgoing.take()
            # What comes meanwhile is the next transaction: NOTIFY takes a lock over the whole database to commit.
            with fail_after(PATIENCE_S):
                # Without notices it only finds out whether the connection is there.
                await connection.execute(NOTIFY, CHANNEL, [notice.decode() for notice in notices])


async def _ended(connection: Any) -> None:
    try:
        await connection.close(timeout=0.5)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, asyncio.CancelledError):
        connection.terminate()
