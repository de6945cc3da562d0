"""What the application's `before_each` may do to an event, and what becomes of one that fails."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event as Gate
from typing import Any

import pytest
from anyio import Event as Signal
from anyio import create_task_group, fail_after, sleep_forever
from anyio.lowlevel import checkpoint
from pydantic import BaseModel

from dialogue.adapters.threads.daemon_threads import DaemonThreads
from dialogue.application.hooks.hooks import Hooks
from dialogue.application.hooks.incoming_event import IncomingEvent
from dialogue.application.hooks.run_hook import RunHook
from dialogue.application.ports.authenticator import Identity
from dialogue.domain.errors import EventRejected, InvalidEvent, InvalidRequest, NotJoined
from dialogue.domain.event import Event
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.new_event import NewEvent
from dialogue.domain.outcome import Repeat, of_one
from dialogue.domain.room import RoomConfig

from .node import MemoryNode

pytestmark = pytest.mark.anyio

ADA = Identity(user_id="ada", claims={"roles": ["writer"]})


class Message(BaseModel):
    text: str
    stars: int = 1


ROOMS = {
    "hall": RoomConfig(
        name="Hall",
        events=[define_event("message", schema=Message, history=History(limit=9)), define_event("typing")],
    )
}


def node_with(before_each: Callable[..., Any], timeout_s: float = 5) -> MemoryNode:
    run_hook = RunHook(DaemonThreads(4), timeout_s=timeout_s)
    return MemoryNode(ROOMS, hooks=Hooks(before_each=before_each), run_hook=run_hook)


async def publish(node: MemoryNode, text: object = "hi", **more: Any) -> Event:
    return (await node.publish.by_user(ADA, "hall", "message", {"text": text}, **more)).event


async def test_it_is_asked_with_what_the_schema_made_of_it_and_who_sends() -> None:
    asked: list[IncomingEvent] = []
    async with node_with(asked.append).running() as node:
        kept = await publish(node, meta={"tag": 1})
    assert asked == [
        IncomingEvent(room_id="hall", name="message", data={"text": "hi", "stars": 1}, meta={"tag": 1}, user=ADA)
    ]
    assert asked[0].user.claims == {"roles": ["writer"]}
    assert kept.data == {"text": "hi", "stars": 1}


async def test_it_may_replace_data_and_meta() -> None:
    def shout(event: IncomingEvent) -> IncomingEvent:
        return event.replace(data={"text": event.data["text"].upper()}, meta={"shouted": True})

    async with node_with(shout).running() as node:
        kept = await publish(node)
        assert (kept.data, kept.meta) == ({"text": "HI", "stars": 1}, b'{"shouted":true}')


async def test_what_it_changes_in_the_data_itself_counts_where_it_gives_the_event_back() -> None:
    def mask(event: IncomingEvent) -> IncomingEvent:
        event.data["text"] = "***"
        return event

    async with node_with(mask).running() as node:
        assert (await publish(node)).data["text"] == "***"


@pytest.mark.parametrize("answer", [None, True])
async def test_none_and_true_let_it_pass(answer: object) -> None:
    async with node_with(lambda _: answer).running() as node:
        assert (await publish(node)).seq == 1


async def test_it_may_refuse_with_a_reason() -> None:
    async def refuse(_: IncomingEvent) -> None:
        raise EventRejected("no swearing")

    async with node_with(refuse).running() as node:
        with pytest.raises(EventRejected, match="no swearing"):
            await publish(node)
        assert await node.dialogue.room("hall").history("message") == []


def throws(_: IncomingEvent) -> None:
    raise RuntimeError("secret")


async def test_false_refuses_without_a_reason() -> None:
    async with node_with(lambda _: False).running() as node:
        with pytest.raises(EventRejected, match="The event was refused"):
            await publish(node)


@pytest.mark.parametrize(
    "garbage",
    [
        throws,
        lambda _: "yes",
        lambda _: {"text": "other"},
        lambda event: event.replace(data={"stars": "many"}),
        lambda event: event.replace(data=object()),
        lambda event: event.replace(meta={"long": "x" * 5_000}),
        lambda event: event.replace(meta="shouted"),
        lambda event: event.replace(meta=[1]),
        lambda _: IncomingEvent(room_id="elsewhere", name="message", data={"text": "x"}, meta=None, user=ADA),
        lambda event: IncomingEvent(
            room_id="hall", name="message", data=event.data, meta=None, user=Identity(user_id="eve")
        ),
    ],
)
async def test_whatever_else_it_does_refuses_and_says_nothing_of_why(
    garbage: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "dialogue.hooks"):
        async with node_with(garbage).running() as node:
            with pytest.raises(EventRejected, match="The event was refused") as refused:
                await publish(node)
            assert refused.value.details is None
            assert await node.dialogue.room("hall").history("message") == []
    assert "before_each of 'message' by 'ada' in 'hall'" in caplog.text


async def test_one_that_hangs_refuses_in_time_and_never_runs_beside_itself_in_a_session() -> None:
    gate, running, most = Gate(), 0, 0

    def hangs(_: IncomingEvent) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        gate.wait()
        running -= 1

    async with node_with(hangs, timeout_s=0.05).running() as node:
        session = node.session("ada")
        await node.join(session, "hall")
        try:
            with fail_after(30):
                for _ in range(3):
                    with pytest.raises(EventRejected):
                        await node.publish.from_session(
                            session, "hall", "message", {"text": "x"}, None, None, lambda _: None
                        )
            assert most == 1
        finally:
            gate.set()

    async def hangs_too(_: IncomingEvent) -> None:
        await sleep_forever()

    async with node_with(hangs_too, timeout_s=0.05).running() as node:
        with fail_after(30), pytest.raises(EventRejected):
            await publish(node)


async def test_it_is_asked_last_of_all_and_not_about_what_is_refused_before() -> None:
    asked: list[IncomingEvent] = []
    async with node_with(asked.append).running() as node:
        with pytest.raises(InvalidEvent):
            await publish(node, 5)
        with pytest.raises(NotJoined):
            await node.publish.from_session(node.session(), "hall", "message", {}, None, None, lambda _: None)
        with pytest.raises(InvalidRequest):
            await publish(node, key="")
    assert asked == []


async def test_it_is_not_asked_about_the_applications_own_events() -> None:
    asked: list[IncomingEvent] = []
    async with node_with(asked.append).running() as node:
        await node.dialogue.room("hall").trigger("message", {"text": "hi"}, sender="ada")
    assert asked == []


async def test_a_repeat_runs_no_hook_also_where_the_first_one_is_still_under_way() -> None:
    asked = 0
    go_on, is_asked = Signal(), Signal()

    async def slow(event: IncomingEvent) -> IncomingEvent:
        nonlocal asked
        asked += 1
        is_asked.set()
        await go_on.wait()
        return event.replace(data={"text": "replaced"})

    async with node_with(slow).running() as node:
        session = node.session("ada")
        await node.join(session, "hall")
        outcomes: list[Any] = []

        async def trigger() -> None:
            await node.publish.from_session(session, "hall", "message", {"text": "x"}, None, "k", outcomes.append)

        with fail_after(30):
            async with create_task_group() as tasks:
                tasks.start_soon(trigger)
                tasks.start_soon(trigger)
                await is_asked.wait()
                go_on.set()
            again = await node.publish.by_user(ADA, "hall", "message", {"text": "x"}, key="k")
            with pytest.raises(InvalidRequest, match="another event"):
                await publish(node, "other", key="k")
        assert asked == 1
        assert {type(of_one(outcome)) for outcome in outcomes} == {Event, Repeat}
        assert again.is_duplicate
        assert (again.event.seq, again.event.data["text"]) == (1, "replaced")
        session_two = node.session("bob")
        await node.join(session_two, "hall")
        bobs: list[Any] = []
        await node.publish.from_session(session_two, "hall", "message", {"text": "x"}, None, "k", bobs.append)
        assert asked == 2  # a key is its user's own


async def test_a_key_whose_event_was_refused_is_new() -> None:
    answers = iter([False, None])
    async with node_with(lambda _: next(answers)).running() as node:
        with pytest.raises(EventRejected):
            await publish(node, key="k")
        with fail_after(30):
            assert (await publish(node, key="k")).seq == 1


async def test_of_a_batch_it_is_asked_about_each_event_and_one_refusal_refuses_all() -> None:
    def judge(event: IncomingEvent) -> IncomingEvent:
        if event.data["text"] == "bad":
            raise EventRejected("not this")
        return event.replace(data={"text": event.data["text"] + "!"})

    async with node_with(judge).running() as node:
        session = node.session("ada")
        await node.join(session, "hall")
        outcomes: list[Any] = []
        good = [NewEvent("message", {"text": text}) for text in ("a", "b")]
        for _ in range(2):
            with fail_after(30):
                await node.publish_batch.from_session(session, "hall", good, "k", outcomes.append)
                while len(outcomes) < 1:
                    await checkpoint()
        with pytest.raises(EventRejected, match="not this") as refused:
            await node.publish_batch.from_session(
                session, "hall", [*good, NewEvent("message", {"text": "bad"})], None, outcomes.append
            )
        assert refused.value.details == {"path": "events[2]"}
        kept = await node.dialogue.room("hall").history("message")
        assert [event.data["text"] for event in kept] == ["b!", "a!"]
        assert outcomes[1] == Repeat(seq=1, timestamp_ms=1_000)


async def test_one_that_takes_long_holds_up_its_own_session_alone_and_keeps_its_order() -> None:
    go_on, eves = Signal(), Signal()

    async def slow_for_eve(event: IncomingEvent) -> None:
        if event.user.user_id == "eve":
            eves.set()
            await go_on.wait()

    async with node_with(slow_for_eve).running() as node:
        eve, ada = node.session("eve"), node.session("ada")
        for session in (eve, ada):
            await node.join(session, "hall")

        async def eve_triggers() -> None:
            for text in ("first", "second"):
                await node.publish.from_session(eve, "hall", "message", {"text": text}, None, None, lambda _: None)

        with fail_after(30):
            async with create_task_group() as tasks:
                tasks.start_soon(eve_triggers)
                await eves.wait()
                kept: list[Any] = []
                await node.publish.from_session(ada, "hall", "message", {"text": "ada's"}, None, None, kept.append)
                while not kept:
                    await checkpoint()
                go_on.set()
            while len(await node.dialogue.room("hall").history("message")) < 3:
                await checkpoint()
        history = await node.dialogue.room("hall").history("message")
        assert [event.data["text"] for event in history] == ["second", "first", "ada's"]
