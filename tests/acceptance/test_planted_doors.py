"""Each rule of the front door, switched off: what it is there for gets through, so that a test of it would fail."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from dialogue import DialogueApp, History, RoomConfig, RuntimeRooms, create_dialogue, define_event
from dialogue.adapters.asgi import front_door
from dialogue.adapters.asgi.answer import Answer
from dialogue.adapters.asgi.host_policy import HostPolicy
from dialogue.adapters.asgi.origin_policy import OriginPolicy
from dialogue.adapters.asgi.path import Path as SentPath
from dialogue.adapters.asgi.trusted_proxies import TrustedProxies

note = define_event("note", history=History())
Patch = pytest.MonkeyPatch


def make(**settings: Any) -> DialogueApp:
    """The app, in memory."""
    return create_dialogue(
        rooms={"hall": RoomConfig(name="Hall", events=[note]), "a": RoomConfig(name="A", events=[note])},
        runtime_rooms=RuntimeRooms(events=[note]),
        database="memory://",
        settings=settings,
    )


@pytest.fixture
async def app(tmp_path: Path, monkeypatch: Patch) -> AsyncIterator[DialogueApp]:
    """The app, started."""
    monkeypatch.chdir(tmp_path)
    made = make()
    async with made.lifespan():
        yield made


async def ask(app: DialogueApp, method: str, path: str, **options: Any) -> httpx.Response:
    """The answer to one request."""
    transport = httpx.ASGITransport(app.asgi)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        return await http.request(method, path, **options)


def any_host(patch: Patch) -> None:
    patch.setattr(HostPolicy, "allows", lambda *_: True)


def any_origin(patch: Patch) -> None:
    patch.setattr(OriginPolicy, "allows", lambda *_: True)


def any_type(patch: Patch) -> None:
    patch.setattr(front_door, "_refuse_other_types", lambda _: None)


def decoded_first(patch: Patch) -> None:
    def of(scope: Any) -> SentPath:
        return SentPath(segments=tuple(part for part in scope["path"].split("/") if part))

    patch.setattr(SentPath, "of", of)


Rule = tuple[Callable[[Patch], None], str, str, dict[str, Any], int, int]
RULES: dict[str, Rule] = {
    "hosts": (any_host, "GET", "/rooms?userId=ada", {"headers": {"Host": "evil.example"}}, 400, 200),
    "origins": (
        any_origin,
        "POST",
        "/rooms/hall/events?userId=ada",
        {"headers": {"Origin": "https://evil.example"}, "json": {"event": "note", "data": 1}},
        403,
        201,
    ),
    "types": (
        any_type,
        "POST",
        "/rooms/hall/events?userId=ada",
        {"headers": {"Content-Type": "text/plain"}, "content": b'{"event": "note", "data": 1}'},
        415,
        201,
    ),
    "paths": (decoded_first, "GET", "/rooms/a%2Fevents?userId=ada", {}, 404, 200),
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
async def test_a_rule_that_is_off_lets_through_what_it_refuses(
    app: DialogueApp, monkeypatch: Patch, rule: Rule
) -> None:
    switch_off, method, path, options, refused, let_through = rule
    assert (await ask(app, method, path, **options)).status_code == refused
    switch_off(monkeypatch)
    assert (await ask(app, method, path, **options)).status_code == let_through


async def test_a_proxy_that_is_trusted_wherever_it_is_lets_anybody_be_anybody(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = make(auth="proxy", trusted_proxies="10.0.0.1")
    async with app.lifespan():
        alice = {"headers": {"X-User-Id": "alice"}}
        assert (await ask(app, "GET", "/rooms", **alice)).status_code == 401
        monkeypatch.setattr(TrustedProxies, "sent", lambda *_: True)
        assert (await ask(app, "GET", "/rooms", **alice)).status_code == 200


async def test_headers_that_answers_share_are_found(app: DialogueApp, monkeypatch: Patch) -> None:
    """As they were: what one origin was answered is there for the next."""
    shared: list[tuple[bytes, bytes]] = []

    def keep(answer: Answer, given: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        if answer._origin is not None and not shared:
            shared.append((b"access-control-allow-origin", answer._origin.encode()))
        return [*given, *shared]

    origins = ["http://localhost:1", "http://localhost:2"]

    async def told() -> list[str]:
        answers = [await ask(app, "GET", "/health/live", headers={"Origin": origin}) for origin in origins]
        return [answer.headers["access-control-allow-origin"] for answer in answers]

    assert await told() == origins
    monkeypatch.setattr(Answer, "_headers", keep)
    assert await told() == [origins[0], origins[0]]
