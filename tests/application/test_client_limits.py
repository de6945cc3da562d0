"""What a connection may ask for, how often it is told that it asks too fast, and when it is closed for that."""

from __future__ import annotations

import json

import pytest
from anyio import create_task_group, fail_after, sleep
from anyio.lowlevel import checkpoint

from dialogue import Hooks
from dialogue.adapters.limits.local_limiter import LocalLimiter
from dialogue.application.ports.peer import UNKNOWN
from dialogue.application.ports.rate_limiter import Action
from dialogue.application.sessions import client_pace, serve_session
from dialogue.application.sessions.client_limits import ClientLimits
from dialogue.domain.errors import RateLimited
from dialogue.domain.rate import Rate

from .test_serve_session import CODEC, Caller, Served, pings

pytestmark = pytest.mark.anyio
HOUR = 3600.0


def limited(**amounts: int) -> LocalLimiter:
    """So many of each an hour."""
    actions: list[Action] = ["requests", "events", "history", "joins", "rooms", "connections", "traffic"]
    return LocalLimiter({each: [Rate(amounts[each], HOUR)] for each in actions if each in amounts}, 1)


async def closed(caller: Caller) -> None:
    """Wait until the connection has ended."""
    with fail_after(30):
        while caller.transport.closing is None:
            await checkpoint()


def refusals(caller: Caller) -> list[int]:
    """The ids of the requests that came too fast."""
    heard = [json.loads(each) for each in caller.heard]
    return [each["id"] for each in heard if each.get("code") == "RATE_LIMITED"]


JOIN = '{"type":"join","roomId":"room","id":1}'
TRIGGER = '{"type":"trigger","roomId":"room","event":"message","data":1,"id":%d}'
PAIR = '[{"event":"message","data":1},{"event":"message","data":2}]'
BATCH = '{"type":"triggerBatch","roomId":"room","events":' + PAIR + ',"id":%d}'
PAGE = '{"type":"getHistory","roomId":"room","id":%d}'


async def test_each_kind_of_request_has_its_own_limit_and_a_refusal_says_when_to_come_again() -> None:
    caller, served = Caller(), Served(limiter=limited(events=3, history=2, joins=1))
    async with served.running(caller):
        caller.say(JOIN, *(TRIGGER % number for number in (2, 3, 4, 5)), *(PAGE % number for number in (6, 7, 8)))
        caller.say('{"type":"join","roomId":"room","id":9}', '{"type":"listRooms","id":10}', *pings([11]))
        await caller.until('"id":11')
        await caller.until('"id":4')
    assert refusals(caller) == [5, 8, 9]
    refused = next(json.loads(each) for each in caller.heard if '"id":5' in each)
    assert HOUR * 1000 / 4 < refused["details"]["retryAfterMs"] <= HOUR * 1000
    assert str(refused["details"]["retryAfterMs"]) in refused["message"]


async def test_a_batch_counts_its_events() -> None:
    caller, served = Caller(), Served(limiter=limited(events=5))
    async with served.running(caller):
        caller.say(JOIN, *(BATCH % number for number in (2, 3, 4)), TRIGGER % 5, TRIGGER % 6, *pings([7]))
        await caller.until('"id":7')
        await caller.until('"id":5')
    assert refusals(caller) == [4, 6]


async def test_who_is_no_member_is_told_that_and_spends_none_of_the_user_s_events() -> None:
    caller, served = Caller(), Served(limiter=limited(events=1))
    async with served.running(caller):
        caller.say(*(TRIGGER % number for number in (2, 3)), JOIN, TRIGGER % 4, *pings([5]))
        await caller.until('"id":5')
        await caller.until('"id":4')
    assert refusals(caller) == []
    assert sum("NOT_JOINED" in each for each in caller.heard) == 2


async def test_what_cannot_be_read_counts_as_a_request_and_a_ping_does_not() -> None:
    caller, served = Caller(), Served(limiter=limited(requests=3))
    async with served.running(caller):
        caller.say("[", '{"type":"join","id":2}', '{"type":"listRooms","id":3}', '{"type":"listRooms","id":4}')
        caller.say(*pings(range(5, 50)))
        await caller.until('"id":49')
    assert refusals(caller) == [4]


async def test_after_so_many_warnings_the_connection_is_closed_with_4429() -> None:
    caller, served = Caller(), Served(limiter=limited(history=1), warnings=Rate(3, HOUR))
    async with served.running(caller):
        caller.say(JOIN, *(PAGE % number for number in range(2, 20)))
        await closed(caller)
    assert caller.transport.closing is not None
    assert caller.transport.closing.code == 4429
    caller.heard += [frame.text for frame in caller.transport.read()]
    assert refusals(caller) == [3, 4, 5, 6]


async def test_several_connections_of_a_user_spend_together_and_another_user_s_does_not() -> None:
    callers, served = [Caller(), Caller(), Caller()], Served(limiter=limited(events=2))
    async with served.node.running(), create_task_group() as tasks:
        for caller, user in zip(callers, ("ada", "ada", "bob"), strict=True):
            caller.say(f'{{"type":"connect","auth":{{"userId":"{user}"}}}}', JOIN)
            tasks.start_soon(served.serve, caller.transport, CODEC, caller.receive, UNKNOWN)
            await caller.until('"id":1')
        for number, caller in enumerate((*callers, *callers), 10):
            caller.say(TRIGGER % number)
            await caller.until(f'"id":{number}')
        tasks.cancel_scope.cancel()
    assert [refusals(caller) for caller in callers] == [[13], [14], []]


async def test_one_session_more_than_a_user_may_have_is_told_so_and_closed_and_an_end_makes_room() -> None:
    callers, served = [Caller(), Caller(), Caller(), Caller()], Served(max_sessions=2)
    connect = '{"type":"connect","auth":{"userId":"ada"},"id":1}'
    async with served.node.running(), create_task_group() as tasks:
        for caller in callers[:3]:
            caller.say(connect)
            tasks.start_soon(served.serve, caller.transport, CODEC, caller.receive, UNKNOWN)
            await caller.until('"id":1')
        assert refusals(callers[2]) == [1]
        await closed(callers[2])
        assert callers[2].transport.closing is not None
        assert callers[2].transport.closing.code == 4429
        callers[0].is_gone = True
        await closed(callers[0])
        callers[3].say(connect)
        tasks.start_soon(served.serve, callers[3].transport, CODEC, callers[3].receive, UNKNOWN)
        await callers[3].until('"connected"')
        tasks.cancel_scope.cancel()
    assert served.client_limits._sessions == {}


def test_a_session_that_was_refused_is_not_counted() -> None:
    limits = ClientLimits(limited(connections=1), 10, lambda _: 0)
    limits.enter("ada")
    for _ in range(3):
        with pytest.raises(RateLimited):
            limits.enter("ada")
    limits.leave("ada")
    assert limits._sessions == {}


async def test_a_session_is_in_no_more_rooms_than_it_may_be_and_may_join_again_where_it_is() -> None:
    caller, served = Caller(), Served()
    served.node.hub._max_rooms = 1
    async with served.running(caller):
        caller.say(JOIN, '{"type":"join","roomId":"single","id":2}', '{"type":"join","roomId":"room","id":3}')
        caller.say('{"type":"leave","roomId":"room","id":4}', '{"type":"join","roomId":"single","id":5}')
        await caller.until('"id":5')
    codes = {each["id"]: each.get("code") for each in map(json.loads, caller.heard) if "id" in each}
    assert codes == {1: None, 2: "JOIN_DENIED", 3: None, 4: None, 5: None}


async def test_an_event_for_a_crowd_counts_more_than_one_for_a_few() -> None:
    """It costs the server a write for each member, whatever it holds."""
    for members, passed in ((100, 9), (110, 3)):
        caller, served = Caller(), Served(limiter=limited(traffic=4_000))
        served.client_limits._members_of = {"room": members}.__getitem__
        async with served.running(caller):
            caller.say(JOIN, *(TRIGGER % number for number in range(2, 11)), *pings([11]))
            await caller.until('"id":11')
            await caller.until(f'"id":{1 + passed}')
        assert refusals(caller) == [*range(2 + passed, 11)]
    limits = ClientLimits(limited(traffic=1), 10, {"hall": 1_100}.__getitem__)
    assert limits.cost_of_telling("hall", 256_000) == 1_000 * (128 + 1_000)
    assert ClientLimits(limited(), 10, lambda _: 1_100).cost_of_telling("hall", 1) == 0


async def test_a_list_counts_the_rooms_that_somebody_had_to_be_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sees three rooms of ten thousand causes as much work as who sees all of them."""
    monkeypatch.setattr(client_pace, "A_ROOM", 1_000)
    listing = '{"type":"listRooms","id":%d}'
    for hooks, passed in ((Hooks(authorize=lambda *_: False), 1), (Hooks(), 3)):
        caller, served = Caller(), Served(limiter=limited(traffic=2_000), hooks=hooks)
        async with served.running(caller):
            caller.say(*(listing % number for number in (1, 2, 3)), *pings([4]))
            await caller.until('"id":4')
            await caller.until('"id":3')
        assert refusals(caller) == [*range(1 + passed, 4)]


async def test_pings_without_end_are_answered_later_and_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """They cost as much as other requests, and are never refused."""
    monkeypatch.setattr(client_pace, "PINGS_A_SECOND", 3)
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        if seconds == serve_session.WARNED_S:
            waited.append(seconds)
        else:
            await sleep(seconds)

    monkeypatch.setattr(serve_session, "sleep", wait)
    for limiter, late in ((limited(), 0), (limited(joins=1), 2)):
        caller, served = Caller(), Served(limiter=limiter)
        waited.clear()
        async with served.running(caller):
            caller.say(*pings([1, 2, 3, 4, 5]))
            await caller.until('"id":5')
        assert len(waited) == late
        assert refusals(caller) == []
