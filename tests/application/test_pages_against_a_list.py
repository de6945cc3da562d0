"""Every form of page against a plain list, wherever memory ends and the archive begins."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue.domain.errors import InvalidRequest, PositionUnknown
from dialogue.domain.event import Event, weight
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.page import (
    After,
    AfterTime,
    Around,
    Before,
    BeforeTime,
    Newest,
    Offsets,
    Page,
    PageForm,
    PageRequest,
)
from dialogue.domain.room import RoomConfig

from .node import MemoryNode

NAMES = ["message", "reaction", "rare"]

seqs = st.integers(0, 26)
forms: st.SearchStrategy[PageForm] = st.one_of(
    st.just(Newest()),
    st.builds(Before, seqs),
    st.builds(After, seqs),
    st.builds(Around, seqs),
    st.builds(BeforeTime, st.integers(990, 1_050)),
    st.builds(AfterTime, st.integers(990, 1_050)),
    st.builds(lambda start, length: Offsets(start, start + length), st.integers(0, 20), st.integers(1, 12)),
    st.builds(lambda start, length, at: Offsets(start, start + length, at), st.integers(0, 9), st.integers(1, 9), seqs),
)
requests = st.builds(
    PageRequest,
    room_id=st.just("room"),
    event_name=st.none() | st.sampled_from(NAMES),
    form=forms,
    limit=st.integers(1, 12),
)


class Model:
    """The room as a list of events, oldest first."""

    def __init__(self, events: list[Event]) -> None:
        self.events = events
        self.head = len(events)

    def page(self, request: PageRequest) -> tuple[list[int], bool]:
        """The seqs of the page, newest first, and whether there are more in the direction asked."""
        named = [event for event in self.events if request.event_name in (None, event.name)]
        older = [event.place for event in reversed(named)]
        form = request.form
        if isinstance(form, Newest):
            form = Before(self.head + 1)
        if isinstance(form, BeforeTime | AfterTime):
            first = next((e.place for e in self.events if e.timestamp_ms >= form.timestamp_ms), self.head + 1)
            form = Before(first) if isinstance(form, BeforeTime) else After(first)
        match form:
            case Before(seq=seq):
                found = [place for place in older if place < seq]
                return found[: request.limit], len(found) > request.limit
            case After(seq=seq):
                found = [place for place in reversed(older) if place > seq]
                return found[: request.limit][::-1], len(found) > request.limit
            case Offsets(start=start, end=end, anchor=anchor):
                found = [place for place in older if anchor is None or place <= anchor]
                return found[start:end], len(found) > end and bool(found[start:end])
            case _:
                raise AssertionError(form)


async def filled(
    script: list[tuple[str, int]], limits: tuple[int, int, int], **options: Any
) -> tuple[MemoryNode, Model]:
    goes_by_patterns = len(script) % 2 == 0  # the names are then known from what was published alone
    names = [f"{name[:-1]}*" if goes_by_patterns else name for name in NAMES]
    events = [define_event(name, history=History(limit=limit)) for name, limit in zip(names, limits, strict=True)]
    node = MemoryNode({"room": RoomConfig(name="Room", events=events)}, **options)
    published = []
    async with node.running():
        for name, later in script:
            node.clock.now += later
            published.append(await node.publish("room", name, "x" * later, sender="ada"))
    return node, Model(published)


scripts = st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 5)), min_size=6, max_size=30)
memories = st.tuples(*[st.sampled_from([0, 1, 2, 5, 100])] * 3)


def is_answerable(model: Model, request: PageRequest) -> bool:
    form = request.form
    if isinstance(form, Offsets):
        return request.event_name is not None and (form.anchor is None or form.anchor <= model.head + 1)
    return not isinstance(form, Before | After | Around) or form.seq <= model.head + 1


@settings(max_examples=800)
@given(script=scripts, limits=memories, request=requests)
def test_a_page_is_what_a_plain_list_would_give(
    script: list[tuple[str, int]], limits: tuple[int, int, int], request: PageRequest
) -> None:
    async def check() -> None:
        node, model = await filled(script, limits)
        if not is_answerable(model, request):
            with pytest.raises((InvalidRequest, PositionUnknown)):
                await node.pages(request)
            return
        page = await node.pages(request)
        if isinstance(request.form, Around):
            check_around(model, request, request.form.seq, page)
        else:
            assert ([event.place for event in page.events], page.has_more) == model.page(request)

    anyio.run(check)


def check_around(model: Model, request: PageRequest, seq: int, page: Page) -> None:
    below = [place for place, _ in places(model, request) if place <= seq]
    above = [place for place, _ in places(model, request) if place > seq]
    found = [event.place for event in page.events]
    old, new = [place for place in found if place <= seq], [place for place in found if place > seq]
    assert old == below[::-1][: len(old)], "one run down from seq"
    assert new == above[: len(new)][::-1], "and one run up"
    assert len(found) == min(request.limit, len(below) + len(above))
    assert abs(len(old) - len(new)) <= 1 or len(old) == len(below) or len(new) == len(above)
    assert page.has_more == (len(old) < len(below))
    assert page.has_more_after == (len(new) < len(above))


def places(model: Model, request: PageRequest) -> list[tuple[int, Event]]:
    return [(event.place, event) for event in model.events if request.event_name in (None, event.name)]


@settings(max_examples=60)
@given(
    script=st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 5)), min_size=1, max_size=25),
    limits=memories,
    name=st.none() | st.sampled_from(NAMES),
    size=st.integers(1, 1_500),
    is_backwards=st.booleans(),
)
def test_pages_that_end_for_their_size_give_every_event_once_on_the_whole_way(
    script: list[tuple[str, int]], limits: tuple[int, int, int], name: str | None, size: int, is_backwards: bool
) -> None:
    async def check() -> None:
        node, model = await filled(script, limits)
        node.pages = type(node.pages)(node.registry, node.pages._source, node.apply, node.confirm, size)
        wanted = [event.place for event in model.events if name in (None, event.name)]
        request = PageRequest(room_id="room", event_name=name, form=Newest() if is_backwards else After(0), limit=7)
        seen: list[int] = []
        while True:
            page = await node.pages(request)
            assert len(page.events) == 1 or sum(map(weight, page.events)) <= size
            found = [event.place for event in page.events]
            seen += found if is_backwards else found[::-1]
            if not page.has_more:
                break
            request = replace(request, form=Before(found[-1]) if is_backwards else After(found[0]))
        assert seen == (wanted[::-1] if is_backwards else wanted)

    anyio.run(check)


@settings(max_examples=60)
@given(script=scripts, limits=memories, sync=st.sampled_from([0, 1, 3, 10, True, False]))
def test_a_join_gets_the_newest_run_of_what_it_subscribes_to(
    script: list[tuple[str, int]], limits: tuple[int, int, int], sync: int | bool
) -> None:
    async def check() -> None:
        node, model = await filled(script, limits)
        room = replace(node.registry.room("room"), sync_history_on_join=sync)
        node.registry._rooms["room"].room = room
        joined = await node.join(node.session(), "room", events=["message", "rare"])
        older = [event.place for event in reversed(model.events) if event.name != "reaction"]
        found = [event.place for event in joined.history]
        assert found == older[: len(found)], "newest first, one run"
        if sync is not True:
            assert len(found) == min(int(sync), len(older))
        assert joined.has_more == (len(found) < len(older))
        assert joined.position.seq == model.head

    anyio.run(check)
