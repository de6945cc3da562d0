"""The application in those of others, its hooks, and the parts of its container."""

from collections.abc import Mapping, Sequence
from typing import assert_type

import uvicorn
from definitions import message
from dependency_injector import providers
from litestar import Litestar, asgi
from litestar.testing import AsyncTestClient
from starlette.applications import Starlette
from starlette.routing import Mount

from dialogue import Client, Event, Hooks, RoomConfig, Settings, create_dialogue
from dialogue.domain.ports.history_archive import HistoryArchive
from dialogue.domain.ports.history_source import HistorySource


async def welcome(client: Client) -> None:
    await client.join("general")


def keep(room_id: str, event_name: str, events: Sequence[Event]) -> None:
    print(room_id, event_name, len(events))


hooks = Hooks(on_connected=welcome, on_cleanup=keep)
also = Hooks(on_connected=lambda client: client.join("general"))
bad_hooks = Hooks(on_connected="welcome")  # wrong

dialogue = create_dialogue(rooms={"general": RoomConfig(name="General", events=[message])}, hooks=hooks)
listed = create_dialogue(rooms=[RoomConfig(name="General", events=[message])])  # wrong

starlette = Starlette(routes=[Mount("/live", dialogue), Mount("/again", dialogue.asgi)], lifespan=dialogue.lifespan)
litestar = Litestar(
    route_handlers=[asgi("/live", is_mount=True, copy_scope=True)(dialogue.asgi)], lifespan=[dialogue.lifespan]
)
config = uvicorn.Config(dialogue, port=8080)
client = AsyncTestClient(dialogue.asgi)
assert_type(dialogue.settings, Settings)


class StoppedClock:
    def now_ms(self) -> int:
        return 42


class NoClock:
    def time(self) -> float:
        return 42.0


class ByToken:
    trusts_clients = False

    async def authenticate(self, claims: Mapping[str, object], client_id: str | None) -> str:
        return str(claims["token"])


container = dialogue.container
assert_type(container.archive(), HistoryArchive)
assert_type(container.source(), HistorySource)
assert_type(container.clock().now_ms(), int)
stopped = providers.Singleton(StoppedClock)
container.clock.override(stopped)
container.clock.override(providers.Singleton(StoppedClock))
container.clock.override(StoppedClock())
container.authenticator.override(providers.Singleton(ByToken))
container.clock.override(providers.Singleton(NoClock))  # wrong
container.archive.override(providers.Singleton(StoppedClock))  # wrong
