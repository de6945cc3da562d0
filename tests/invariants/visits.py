"""What clients do: join and come back, choose, leave, lose their connection, and read history."""

from __future__ import annotations

from collections.abc import Collection

from dialogue.domain.errors import DialogueError
from dialogue.domain.page import PageLimit, PageRequest
from dialogue.domain.position import Position

from .client import Arrived, Chosen, Client, Paged
from .judge import ensure_right_join, ensure_right_page
from .life import same
from .places import placed_request
from .setting import ALL_KEPT, NAMES, ROOM
from .world import World


async def join(world: World, client: Client, names: Collection[str] | None, since: Position | None) -> None:
    """Join, or join again, fresh or with a position."""
    life, moment, goes_on = world.life, world.moment, since == client.cursor
    joined = await world.node.join(client.session, ROOM, events=names, since=since)
    client.session.outbox.put(
        Arrived(
            b"joined",
            life=life,
            names=frozenset(world.setting.received(joined.events)),
            position=joined.position,
            history=joined.history,
            is_fresh=not (joined.recovered and goes_on),
        )
    )
    world.node.join.release(client.session, ROOM)
    world.unjudged.append(lambda: ensure_right_join(joined, names, since, moment))


def leave(world: World, client: Client) -> None:
    """Leave the room."""
    world.node.join.leave(client.session, ROOM)
    client.session.outbox.put(Chosen(b"left", None, world.life.head))


def choose(world: World, client: Client, names: Collection[str], *, is_more: bool) -> None:
    """Subscribe to names, or unsubscribe from them."""
    change = world.node.join.subscribe if is_more else world.node.join.unsubscribe
    received = client.session.memberships[ROOM].names
    before = {name for name in NAMES if name in received}
    chosen = {*NAMES} if "*" in names else {*names}
    wanted = before | chosen if is_more else before - chosen
    told = change(client.session, ROOM, [world.setting.defined(name) for name in names])
    assert world.setting.received(told) == [name for name in NAMES if name in wanted]
    client.session.outbox.put(Chosen(b"chosen", frozenset(wanted), world.life.head))


async def drop_out(world: World, client: Client, *, is_read: bool) -> None:
    """Lose the connection, with what was not read from it; and have a new one, in no room yet."""
    if is_read:
        await client.read()
    world.node.hub.disconnect(client.session)
    world.connect(client)


async def page(world: World, client: Client, request: PageRequest) -> None:
    """Ask for history, over the connection that carries the live events too."""
    moment, request = world.moment, placed_request(request, world.life.head)
    try:
        answer = await world.node.pages(request)
    except DialogueError as error:
        code = error.code
        world.unjudged.append(lambda: ensure_right_page(code, request, moment))
    else:
        client.session.outbox.put(Paged(b"page", answer.events))
        world.unjudged.append(lambda: ensure_right_page(answer, request, moment))


async def read_all(world: World) -> None:
    """All clients that keep up read what they were sent."""
    for client in world.clients:
        if not client.is_dawdling:
            await client.read()


async def ensure_whole(world: World) -> None:
    """Everybody is where the room is, and the storage holds the list."""
    for client in world.clients:
        await client.read()
    _, history = await world.node.registry.open(ROOM)
    assert history.position == world.position
    found = await world.ports.source.newer(ROOM, ALL_KEPT, 0, PageLimit(events=10_000))
    wanted = world.life.left()
    assert len(found) == len(wanted), f"{found} are kept, and {wanted} should be"
    assert all(map(same, found, wanted)), f"{found} are kept, and {wanted} should be"
