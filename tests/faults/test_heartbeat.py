"""A client that answers every ping lives, whatever the server is busy with meanwhile."""

from __future__ import annotations

from wsproto.events import CloseConnection, Ping, TextMessage

from ..support.raw_client import RawClient, raw
from .conftest import Serve

QUICK = {"heartbeat_s": 1, "heartbeat_timeout_s": 1}
"""What a client that answers at once has, on a machine that is busy."""

SLOW = "slow-5"
REQUESTS = 40
"""More than are parsed ahead of the one that takes long: so nothing more is read until that is over."""

ALL = REQUESTS + 2
"""With `connected`, and the room that the hook puts it into."""


def answers(client: RawClient) -> int:
    """How many messages come, up to all or the close, while each ping is answered as it comes."""
    count = 0
    while count < ALL and not isinstance(event := client.next(), CloseConnection):
        if isinstance(event, Ping):
            client.send(event.response())
        count += isinstance(event, TextMessage)
    return count


def served(client: RawClient) -> int:
    """Ask for much while one request takes five seconds: five times what a pong may."""
    client.ask("connect", auth={"userId": SLOW})
    for number in range(REQUESTS):
        client.ask("ping", id=number)
    return answers(client)


def test_time_in_which_the_server_does_not_read_is_not_held_against_a_client(serve: Serve) -> None:
    with raw(serve("hooked", **QUICK).port) as client:
        assert served(client) == ALL


def test_where_that_time_is_counted_the_client_is_closed(serve: Serve) -> None:
    with raw(serve("hasty", **QUICK).port) as client:
        assert served(client) < REQUESTS
