"""A bus that is lost says so, and can be run again: what was missed meanwhile is for others to find."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import psycopg
import pytest
import redis
from anyio import Event, create_task_group, fail_after
from anyio.lowlevel import checkpoint

from dialogue.adapters.bus import postgresql as over_postgresql
from dialogue.adapters.bus import redis as over_redis
from dialogue.adapters.bus.outgoing import MOST_WAITING, Outgoing
from dialogue.adapters.bus.postgresql import PostgresqlBus
from dialogue.adapters.bus.redis import RedisBus
from dialogue.application.ports.event_bus import BusDown, EventBus
from dialogue.domain.errors import ConfigurationError
from dialogue.entrypoints.container.bus import bus_of
from dialogue.entrypoints.settings.settings import Settings

from ...support.postgresql import PostgresqlServer, postgresql
from ...support.valkey import ValkeyServer, valkey


class Receiver:
    """Waits for the bus."""

    def __init__(self) -> None:
        self.is_connected = Event()

    def connected(self) -> None:
        self.is_connected.set()

    def receive(self, notice: bytes) -> None:
        """Whatever it is."""


@pytest.fixture
def own_valkey() -> Iterator[ValkeyServer]:
    with valkey() as server:
        yield server


@pytest.fixture
def own_postgresql() -> Iterator[PostgresqlServer]:
    with postgresql() as server:
        yield server


async def ends(bus: EventBus, server: ValkeyServer | PostgresqlServer, how: str) -> str:
    """Let it run, do something to its server, and give the reason with which it ends."""
    receiver = Receiver()
    reasons: list[str] = []

    async def run() -> None:
        try:
            await bus.run(receiver)
        except BusDown as down:
            reasons.append(str(down))

    try:
        with fail_after(60):
            async with create_task_group() as tasks:
                tasks.start_soon(run)
                await receiver.is_connected.wait()
                _do(server, how)
    finally:
        if how == "hangs":
            os.kill(server.pid, signal.SIGCONT)
    bus.publish(b"nobody hears this, and nobody waits")
    return reasons[0]


def _do(server: ValkeyServer | PostgresqlServer, how: str) -> None:
    if how == "stops":
        server.stop()
    elif how == "hangs":
        os.kill(server.pid, signal.SIGSTOP)
    elif isinstance(server, ValkeyServer):
        with redis.Redis(port=server.port) as client:
            client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    else:
        with psycopg.connect(server.url()) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != pg_backend_pid()")


@pytest.mark.parametrize("how", ["stops", "cuts off", "hangs"])
async def test_redis_that_is_lost_is_told(own_valkey: ValkeyServer, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(over_redis, "QUIET_S", 1.0)
    bus = RedisBus(own_valkey.url)
    assert await ends(bus, own_valkey, how)
    if how == "stops":
        own_valkey.start()
    await is_heard_again(bus, RedisBus(own_valkey.url))


@pytest.mark.parametrize("how", ["stops", "cuts off"])
async def test_postgresql_that_is_lost_is_told(own_postgresql: PostgresqlServer, how: str) -> None:
    bus = PostgresqlBus(own_postgresql.url())
    assert await ends(bus, own_postgresql, how)
    if how == "stops":
        own_postgresql.start()
    await is_heard_again(bus, PostgresqlBus(own_postgresql.url()))


async def test_postgresql_that_hangs_is_told(own_postgresql: PostgresqlServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(over_postgresql, "QUIET_S", 0.2)
    monkeypatch.setattr(over_postgresql, "PATIENCE_S", 3.0)
    receiver = Receiver()
    with fail_after(60):
        async with create_task_group() as tasks:

            async def run() -> None:
                with pytest.raises(BusDown):
                    await PostgresqlBus(own_postgresql.url()).run(receiver)

            tasks.start_soon(run)
            await receiver.is_connected.wait()
            with psycopg.connect(own_postgresql.url()) as connection:
                found = connection.execute(
                    "SELECT pid FROM pg_stat_activity WHERE application_name = 'dialogue bus'"
                ).fetchall()
            pid = int(found[0][0])
            os.kill(pid, signal.SIGSTOP)
        os.kill(pid, signal.SIGCONT)


async def is_heard_again(bus: EventBus, other: EventBus) -> None:
    """What was lost and runs again carries what it is given."""
    heard = Event()

    class Listening(Receiver):
        def receive(self, notice: bytes) -> None:
            heard.set()

    receivers = Receiver(), Listening()
    with fail_after(60):
        async with create_task_group() as tasks:
            tasks.start_soon(bus.run, receivers[0])
            tasks.start_soon(other.run, receivers[1])
            for receiver in receivers:
                await receiver.is_connected.wait()
            bus.publish(b"again")
            await heard.wait()
            tasks.cancel_scope.cancel()


@pytest.mark.parametrize("bus", [RedisBus("redis://127.0.0.1:1"), PostgresqlBus("postgresql://127.0.0.1:1/none")])
async def test_a_server_that_is_not_there_is_told(bus: EventBus) -> None:
    receiver = Receiver()
    with fail_after(60), pytest.raises(BusDown):
        await bus.run(receiver)
    assert not receiver.is_connected.is_set()


@pytest.mark.parametrize("url", ["http://host", "redis://host/x", "redis://host?channel=", "redis://host?nonsense=1"])
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ConfigurationError, match="bus"):
        RedisBus(url)


NO_PLACES = ["hunter@host/nonsense", "hunter@host:nonsense", "hun#ter@host/1", "hun/ter@host/1", "hunter@[::1"]


@pytest.mark.parametrize("place", NO_PLACES)
def test_of_an_address_that_is_none_no_password_is_told(place: str) -> None:
    with pytest.raises(ConfigurationError, match="bus") as refused:
        RedisBus(f"redis://:{place}")
    assert "hun" not in str(refused.value)


async def test_a_bus_takes_the_address_of_the_database_with_all_that_that_may_say(
    postgresql_server: PostgresqlServer,
) -> None:
    parameters = "connect_timeout=3&keepalives=1&channel_binding=prefer&application_name=ours"
    bus = bus_of(Settings(database=f"{postgresql_server.url()}?{parameters}", bus="postgres"))
    receiver = Receiver()
    with fail_after(60):
        async with create_task_group() as tasks:
            tasks.start_soon(bus.run, receiver)
            await receiver.is_connected.wait()
            tasks.cancel_scope.cancel()


async def test_buses_of_different_channels_do_not_hear_one_another(valkey_server: ValkeyServer) -> None:
    heard: list[bytes] = []

    class Listening(Receiver):
        def receive(self, notice: bytes) -> None:
            heard.append(notice)
            if notice == b"ours":
                done.set()

    done = Event()
    buses = [RedisBus(f"{valkey_server.url}?channel={name}") for name in ("ours", "theirs", "ours")]
    receivers = Receiver(), Receiver(), Listening()
    with fail_after(60):
        async with create_task_group() as tasks:
            for bus, receiver in zip(buses, receivers, strict=True):
                tasks.start_soon(bus.run, receiver)
                await receiver.is_connected.wait()
            buses[1].publish(b"theirs")
            buses[0].publish(b"ours")
            await done.wait()
            tasks.cancel_scope.cancel()
    assert heard == [b"ours"]


async def test_what_is_too_much_is_dropped_the_oldest_first() -> None:
    outgoing = Outgoing()
    outgoing.put(b"before it is open")
    outgoing.open()
    for number in range(MOST_WAITING + 5):
        outgoing.put(b"%d" % number)
    taken = await outgoing.take()
    assert taken[0] == b"5"
    outgoing.close()
    outgoing.open()
    outgoing.put(b"new")
    assert await outgoing.take() == [b"new"]
    await checkpoint()
