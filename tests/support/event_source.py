"""A client of server-sent events that reads as the HTML standard says (section 9.2), and sees what that hides."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from anyio import fail_after

from .described import ensure_event_as_described
from .wire_client import DEADLINE_S, Message, without_repeats


@dataclass(frozen=True, slots=True)
class Sent:
    """One message: `id` is the one that it carries itself, None where it has no such line."""

    name: str
    id: str | None
    data: Message


class EventSource:
    """One stream; `last_id` is what a browser would send as `Last-Event-ID`."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.last_id: str | None = None
        self.comments: list[str] = []
        self._lines = _lines(response)

    async def next(self) -> Sent:
        """The next message. Raises StopAsyncIteration where the stream has ended."""
        fields: dict[str, str] = {}
        with fail_after(DEADLINE_S):
            while line := await anext(self._lines):
                if line.startswith(":"):
                    self.comments.append(line)
                    continue
                name, _, value = line.partition(": ")
                assert name in ("id", "event", "data"), line
                assert name not in fields, f"{name} stands twice"
                fields[name] = value
        if not fields:
            return await self.next()  # the blank line behind a comment
        self.last_id = fields.get("id", self.last_id)
        data = json.loads(fields["data"], object_pairs_hook=without_repeats)
        return Sent(fields.get("event", "message"), fields.get("id"), data)

    async def events(self, amount: int) -> list[Message]:
        """The next so many events, each with its position as id."""
        return [await self._event() for _ in range(amount)]

    async def opening(self) -> Message:
        """The first message."""
        sent = await self.next()
        assert sent.name == "recovered"
        return sent.data

    async def rest(self) -> list[Sent]:
        """All until the stream ends."""
        found = []
        while True:
            try:
                found.append(await self.next())
            except StopAsyncIteration:
                return found

    async def commented(self) -> None:
        """Wait until a comment has come."""
        with fail_after(DEADLINE_S):
            while not self.comments:
                line = await anext(self._lines)
                if line.startswith(":"):
                    self.comments.append(line)

    async def _event(self) -> Message:
        sent = await self.next()
        assert sent.name == "message", sent
        ensure_event_as_described(sent.data)
        if "seq" in sent.data:
            assert sent.id is not None
            assert sent.id.endswith(f"-{sent.data['seq']}")
        else:
            assert sent.id is None
        return sent.data


async def _lines(response: httpx.Response) -> AsyncIterator[str]:
    """The lines, which end at line feeds here; httpx's own end at U+2028 too, which the standard does not."""
    rest = ""
    async for text in response.aiter_text():
        *lines, rest = (rest + text).split("\n")
        for line in lines:
            assert "\r" not in line
            yield line
    assert not rest, "a message was cut off"


@asynccontextmanager
async def streaming(
    url: str, room_id: str, user_id: str | None = "ada", *, last_id: str | None = None, **query: Any
) -> AsyncIterator[EventSource]:
    """A stream that has begun; a refusal is raised as httpx.HTTPStatusError, with its body read."""
    headers: Mapping[str, str] = {
        **({} if user_id is None else {"X-User-Id": user_id}),
        **({} if last_id is None else {"Last-Event-ID": last_id}),
    }
    async with (
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=DEADLINE_S) as http,
        http.stream("GET", f"/rooms/{room_id}/stream", headers=headers, params=query) as response,
    ):
        if response.is_error:
            await response.aread()
        response.raise_for_status()
        yield EventSource(response)


async def refusal(url: str, room_id: str, user_id: str | None = "ada", **options: Any) -> httpx.Response:
    """The answer to a stream that is refused."""
    try:
        async with streaming(url, room_id, user_id, **options):
            raise AssertionError("it was not refused")
    except httpx.HTTPStatusError as error:
        return error.response
