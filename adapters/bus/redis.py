"""The bus over publish and subscribe of Redis or Valkey."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from anyio import create_task_group, fail_after, move_on_after
from redis import RedisError
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from ...application.ports.event_bus import BusDown, BusReceiver
from ...domain.errors import ConfigurationError
from ..redis_address import without_channel
from .outgoing import Outgoing
from .reason import reason

MAX_SIZE = 1 << 20
QUIET_S = 5.0
"""When nothing came for so long, the server is asked whether it is there."""
PATIENCE_S = 5.0
FORMS = "redis://[user:password@]host[:port][/number], rediss:// for TLS, or unix://path"


class RedisBus:
    """`EventBus` over one channel: `url`'s parameter `channel`, and "dialogue" without it.

    All nodes of one database use one channel, and nodes of another database another one. Nothing is kept: what is
    published while a node is away it never hears.
    """

    max_size = MAX_SIZE
    is_heard = True

    def __init__(self, url: str) -> None:
        self._url, self._channel = _parts(url)
        self._outgoing = Outgoing()
        try:
            self._client().connection_pool.make_connection()  # type: ignore[no-untyped-call]  # connects nowhere
        except (ValueError, TypeError) as error:
            raise ConfigurationError(f"the bus is no address of a Redis: give {FORMS} ({error})") from error

    def publish(self, notice: bytes) -> None:
        """See `EventBus.publish`."""
        self._outgoing.put(notice)

    async def run(self, receiver: BusReceiver) -> None:
        """See `EventBus.run`."""
        client = self._client()
        subscription = client.pubsub()
        try:
            with fail_after(PATIENCE_S):
                await subscription.subscribe(self._channel)
                while not _is(await subscription.get_message(timeout=PATIENCE_S), "subscribe"):
                    pass
            self._outgoing.open()
            receiver.connected()
            async with create_task_group() as tasks:
                tasks.start_soon(self._send, client)
                await self._listen(subscription, receiver)
        except* (BusDown, RedisError, OSError, TimeoutError) as errors:
            raise BusDown(reason(errors)) from errors
        finally:
            self._outgoing.close()
            with move_on_after(1, shield=True):
                await subscription.aclose()  # type: ignore[no-untyped-call]
                await client.aclose()

    async def _send(self, client: Redis) -> None:
        while True:
            notices = await self._outgoing.take()
            with fail_after(PATIENCE_S):
                async with client.pipeline(transaction=False) as pipeline:
                    for notice in notices:
                        pipeline.publish(self._channel, notice)
                    await pipeline.execute()

    async def _listen(self, subscription: PubSub, receiver: BusReceiver) -> None:
        is_asked = False
        while True:
            message = await subscription.get_message(timeout=QUIET_S)
            if message is not None:
                is_asked = False
                if _is(message, "message"):
                    receiver.receive(message["data"])
            elif is_asked:
                raise BusDown(f"it has not answered for {QUIET_S:g} s")
            else:
                is_asked = True
                with fail_after(PATIENCE_S):
                    await subscription.ping()

    def _client(self) -> Redis:
        # Nothing is tried again here: what was lost meanwhile could not be told from what was not.
        retry = Retry(NoBackoff(), 0)
        return Redis.from_url(self._url, retry=retry, socket_connect_timeout=PATIENCE_S, socket_timeout=PATIENCE_S)


def _is(message: Any, kind: str) -> bool:
    return message is not None and message["type"] == kind


def _parts(url: str) -> tuple[str, str]:
    """The URL without its parameter `channel`, and the channel."""
    try:
        plain, channel = without_channel(url)
    except ValueError as error:
        raise ConfigurationError(f"the bus names no host and port: give {FORMS}; {error}") from error
    parts = urlsplit(plain)
    if parts.scheme in ("redis", "rediss") and not re.fullmatch(r"(/\d*)?", parts.path):
        raise ConfigurationError(f"the bus names no database by its number: give {FORMS}")
    if not channel:
        raise ConfigurationError("the bus: the parameter channel must not be empty")
    return plain, channel
