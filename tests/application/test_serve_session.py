"""Serving clients whose requests come decoded: in order, fairly, and with an end that is told."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import pytest
from anyio import create_task_group, fail_after, sleep_forever
from anyio.lowlevel import checkpoint

from dialogue.adapters.auth.trusting_authenticator import TrustingAuthenticator
from dialogue.adapters.limits.local_limiter import LocalLimiter
from dialogue.adapters.memory.transport import MemoryTransport
from dialogue.adapters.system_clock import SystemClock
from dialogue.adapters.wire.request_reader import RequestReader
from dialogue.adapters.wire.wire_codec import WireCodec
from dialogue.application.hooks.client import Client
from dialogue.application.hooks.hooks import Hooks
from dialogue.application.ports.authenticator import Identity
from dialogue.application.ports.peer import UNKNOWN
from dialogue.application.ports.rate_limiter import RateLimiter
from dialogue.application.sessions import serve_session
from dialogue.application.sessions.admit_client import AdmitClient
from dialogue.application.sessions.answer_request import AnswerRequest, RoomServices
from dialogue.application.sessions.client_limits import ClientLimits
from dialogue.application.sessions.frame import Closing
from dialogue.application.sessions.identities import Identities
from dialogue.application.sessions.limits import Backlog, SessionLimits
from dialogue.application.sessions.requests import Asked
from dialogue.application.sessions.serve_session import ServeSession
from dialogue.domain.errors import Disconnected
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.rate import Rate
from dialogue.domain.room import RoomConfig

from .node import MemoryNode

pytestmark = pytest.mark.anyio

MESSAGE = define_event("message", history=History(limit=100))
ROOMS = {
    "room": RoomConfig(name="Room", events=[MESSAGE], sync_history_on_join=0),
    "single": RoomConfig(name="Single", events=[MESSAGE], max_size=1),
}
CODEC = WireCodec(1 << 20)
WARNINGS = Rate(100, 60)


class Caller:
    """A client whose requests are given as JSON, and which reads what it is sent."""

    def __init__(self) -> None:
        self.transport = MemoryTransport()
        self._waiting: deque[str] = deque()
        self._reader = RequestReader()
        self.is_gone = False
        self.heard: list[str] = []

    def say(self, *requests: str) -> None:
        self._waiting.extend(requests)

    @property
    def unheard(self) -> int:
        return len(self._waiting)

    async def receive(self) -> Asked | Closing | None:
        while not self._waiting:
            if self.is_gone:
                return None
            await checkpoint()
        return self._reader.read(self._waiting.popleft())

    async def until(self, text: str) -> int:
        """Wait until something with this text was sent; how many turns of the loop that took."""
        turns = 0
        with fail_after(30):
            while not any(text in each for each in self.heard):
                self.heard += [frame.text for frame in self.transport.read()]
                await checkpoint()
                turns += 1
        return turns


class Served:
    """A node with its clients."""

    def __init__(
        self,
        hooks: Hooks | None = None,
        *,
        limiter: RateLimiter | None = None,
        max_sessions: int = 100,
        warnings: Rate = WARNINGS,
    ) -> None:
        self.node = node = MemoryNode(ROOMS, hooks=hooks or Hooks())
        limits = SessionLimits(
            max_frame=65_536,
            max_values=10_000,
            backlog=Backlog(),
            max_in_flight=4,
            heartbeat_s=25.0,
            connect_timeout_s=10.0,
            request_timeout_s=5.0,
            warnings=warnings,
        )
        self.client_limits = ClientLimits(limiter or LocalLimiter({}, 1), max_sessions, node.hub.size)
        identities = Identities(TrustingAuthenticator(), SystemClock())
        admit = AdmitClient(identities, node.hub, node.join, node.client_hooks, self.client_limits)
        answer = AnswerRequest(
            node.join,
            node.pages,
            node.mark_read,
            RoomServices(node.list_rooms, node.manage, node.members),
            node.access,
        )
        self.serve = ServeSession(node.hub, admit, answer, node.publish, node.publish_batch, limits)

    @asynccontextmanager
    async def running(self, *callers: Caller) -> AsyncIterator[None]:
        async with self.node.running(), create_task_group() as tasks:
            for number, caller in enumerate(callers):
                caller.say(f'{{"type":"connect","auth":{{"userId":"user-{number}"}}}}')
                tasks.start_soon(self.serve, caller.transport, CODEC, caller.receive, UNKNOWN)
            for caller in callers:
                await caller.until("connected")
            yield
            tasks.cancel_scope.cancel()


def pings(numbers: Iterable[int]) -> list[str]:
    return [f'{{"type":"ping","id":{number}}}' for number in numbers]


async def test_who_sends_many_requests_at_once_gets_a_few_answered_in_a_turn() -> None:
    greedy, modest = Caller(), Caller()
    served = Served()
    async with served.running(greedy, modest):
        greedy.say(*pings(range(1_000)))
        await greedy.until('"id":0}')
        modest.say(*pings([5_000]))
        turns = await modest.until('"id":5000}')
        assert turns <= 5
        assert greedy.unheard >= 1_000 - 10 * 16


async def test_large_requests_are_paid_for_in_turns_that_others_get() -> None:
    served = Served()
    greedy = Caller()
    async with served.running(greedy):
        large = '{"type":"ping","id":1,"more":"' + "x" * 60_000 + '"}'
        greedy.say(*[large] * 20, *pings([7]))
        assert 20 * 3 <= await greedy.until('"id":7}') <= 20 * 6


async def test_a_large_answer_is_paid_for_in_turns_that_others_get() -> None:
    served = Served()
    greedy = Caller()
    async with served.running(greedy):
        for _ in range(30):
            await served.node.publish("room", "message", "x" * 60_000, sender="bob")
        page = '{"type":"getHistory","roomId":"room","limit":1000,"id":"page"}'
        greedy.say('{"type":"join","roomId":"room"}', page, *pings([7]))
        await greedy.until('"id":"page"')
        turns = await greedy.until('"id":7}')
        assert max(map(len, greedy.heard)) > 900_000
        assert 50 < turns < 200


async def test_the_count_finds_a_session_that_leaves_no_turns_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: answers cost nothing."""
    monkeypatch.setattr(serve_session, "A_TURN", 1 << 40)
    with pytest.RaisesGroup(AssertionError, flatten_subgroups=True):
        await test_a_large_answer_is_paid_for_in_turns_that_others_get()


async def test_the_count_finds_a_session_that_handles_all_that_it_has_in_one_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Planted: as it was, without a turn between two requests."""

    async def none(_served: object) -> None:
        pass

    monkeypatch.setattr(serve_session._Served, "_let_others", none)
    with pytest.RaisesGroup(AssertionError, flatten_subgroups=True):
        await test_who_sends_many_requests_at_once_gets_a_few_answered_in_a_turn()


async def test_requests_are_answered_in_the_order_sent() -> None:
    caller = Caller()
    async with Served().running(caller):
        caller.say('{"type":"leave","roomId":"room","id":1}', '{"type":"join","roomId":"room","id":2}')
        caller.say('{"type":"markRead","roomId":"room","seq":0,"id":3}', '{"type":"what","id":4}', *pings([5]))
        await caller.until('"id":5}')
    kinds = [(each.split('"')[3], each.split('"id":')[1][0]) for each in caller.heard if '"id":' in each]
    assert kinds == [("error", "1"), ("joined", "2"), ("marked", "3"), ("error", "4"), ("pong", "5")]


async def test_a_flawed_request_before_connect_is_unauthenticated_and_an_unreadable_one_is_invalid() -> None:
    caller = Caller()
    served = Served()
    async with served.node.running(), create_task_group() as tasks:
        caller.say('{"type":"trigger","id":1}', '{"type":"connect","auth":7,"id":2}', "[", '{"type":"connect","id":3}')
        tasks.start_soon(served.serve, caller.transport, CODEC, caller.receive, UNKNOWN)
        await caller.until('"connected"')
        tasks.cancel_scope.cancel()
    codes = [each.split('"code":"')[1].split('"')[0] for each in caller.heard if '"code"' in each]
    assert codes == ["UNAUTHENTICATED", "INVALID_REQUEST", "INVALID_REQUEST"]


async def test_a_client_that_is_gone_cannot_be_put_into_a_room() -> None:
    """Not even later, by code of the application that kept it: nobody would take it out again."""
    kept: list[Client] = []
    served = Served(Hooks(on_connected=kept.append))
    one, other = Caller(), Caller()
    async with served.running(one, other):
        one.is_gone = True
        with fail_after(30):
            while served.node.hub.size("single") or one.transport.closing is None:
                await checkpoint()
        gone = next(client for client in kept if client.user_id == "user-0")
        with pytest.raises(Disconnected):
            await gone.join("single")
        assert served.node.hub.size("single") == 0
        other.say('{"type":"join","roomId":"single","id":1}')
        await other.until('"joined"')


async def test_a_request_that_is_waiting_ends_with_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    served = Served()
    caller = Caller()

    async def never(*_: object) -> None:
        await sleep_forever()

    monkeypatch.setattr(served.serve, "answer", never)
    async with served.running(caller):
        caller.say(*pings([1]))
        with fail_after(30):
            while caller.unheard:
                await checkpoint()
        served.node.hub.close_all(Closing(1001, "bye"))
        with fail_after(30):
            await served.node.hub.emptied()
    assert caller.transport.closing == Closing(1001, "bye")


async def test_on_connect_comes_before_the_client_is_told_and_on_connected_after() -> None:
    caller, seen = Caller(), list[tuple[str, str, list[str]]]()

    async def note(what: str, user_id: str) -> None:
        seen.append((what, user_id, [frame.text for frame in caller.transport.read()]))

    async def connecting(user: Identity, _client_id: str) -> None:
        await note("on_connect", user.user_id)
        raise RuntimeError("harms nobody")

    async def connected(client: Client) -> None:
        await note("on_connected", client.user_id)

    served = Served(Hooks(on_connect=connecting, on_connected=connected))
    async with served.node.running(), create_task_group() as tasks:
        caller.say('{"type":"connect","auth":{"userId":"ada"}}')
        tasks.start_soon(served.serve, caller.transport, CODEC, caller.receive, UNKNOWN)
        with fail_after(30):
            while len(seen) < 2:
                await checkpoint()
        tasks.cancel_scope.cancel()
    assert seen[0] == ("on_connect", "ada", [])
    assert seen[1][:2] == ("on_connected", "ada")
    assert '"type":"connected"' in seen[1][2][0]
