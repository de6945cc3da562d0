"""Whatever becomes of a hand-over, what is read is exactly what was published, or it is refused.

A longer search: `DIALOGUE_TEST_EXAMPLES=5000 pytest tests/adapters/own_storage/test_exact_or_refused.py`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from anyio import fail_after
from anyio.lowlevel import checkpoint

from dialogue import DialogueApp, Event
from dialogue.adapters.own_storage.stored_events import StoredEvents
from dialogue.application.hooks import run_hook
from dialogue.domain.errors import InvalidRequest, Unavailable
from dialogue.domain.page import After, Around, Before, BeforeTime, Newest, Offsets, PageForm, PageRequest
from dialogue.domain.position import Position

from . import unsure_storage as kinds
from .unsure_storage import Keep, UnsureStorage, message, note

pytestmark = pytest.mark.anyio

RUNS = int(os.environ.get("DIALOGUE_TEST_EXAMPLES", "40"))
READS = 12
HONEST: list[Keep] = [kinds.well, kinds.and_the_answer_is_lost, kinds.some_of_it, kinds.nothing, kinds.with_holes]
CARELESS: list[Keep] = [kinds.again_and_again, kinds.again_and_the_answer_is_lost, kinds.newest_first, kinds.not_all]


@pytest.fixture(autouse=True)
def no_settings_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DIALOGUE_DATABASE", raising=False)
    monkeypatch.setattr(run_hook, "FIRST_WAIT_S", 0.0)
    monkeypatch.setattr(run_hook, "LONGEST_WAIT_S", 0.0)


class Run:
    """One life of a room over a storage, and the list of what was published in it."""

    def __init__(self, random: Random, app: DialogueApp, storage: UnsureStorage) -> None:
        self._storage = storage
        self._random = random
        self._app = app
        self.published: list[Event] = []
        self.refused = 0
        self.answered = 0

    async def publish(self) -> None:
        for _ in range(self._random.randrange(1, 12)):
            definition = self._random.choice([message, message, note])
            self.published.append(
                await self._app.trigger("room", definition, len(self.published) + 1, sender=self._random.choice("ab"))
            )

    async def read(self) -> None:
        names = self._random.choice([["message"], ["note"], ["message", "note"]])
        head = len(self.published)
        seq, limit = self._random.randrange(1, head + 2), self._random.randrange(1, 12)
        start = self._random.randrange(head)
        forms: list[PageForm] = [
            Newest(),
            Before(seq),
            After(min(seq, head)),
            Around(min(seq, head)),
            BeforeTime(1),
            Offsets(start, start + limit),
        ]
        form = self._random.choice(forms)
        if isinstance(form, Offsets) or not self._storage.gives_places:  # by their times alone two may change places
            names = names[:1]
        request = PageRequest(room_id="room", event_name=names[0] if len(names) == 1 else None, form=form, limit=limit)
        try:
            page = await self._app.container.pages()(request)
        except (Unavailable, InvalidRequest):
            self.refused += 1
            return
        self.answered += 1
        assert all(event.seq in (None, event.json) for event in page.events)
        given = [event.json for event in page.events]
        due = self._due(names, form, limit)
        # A page may end early where the rest cannot be read now, and says so.
        if page.has_more and isinstance(form, Around) and given:
            due = self._due(names, Before(given[0] + 1), len(given))
        is_short = page.has_more and not isinstance(form, After) and 0 < len(given) < len(due)
        assert given == (due[: len(given)] if is_short else due), (form, names, limit)

    def _is_held(self, event: Event) -> bool:
        """What the storage has lost at its old end it may as well have let go of, as it sees fit."""
        held = {row["seq"] for row in self._storage.rows[event.name]}
        handed_over = self._app.container.hook_store().rooms["room"].streams[event.name].stored.head_seq
        return event.place > handed_over or event.place >= min(held, default=event.place + 1)

    async def recover(self) -> None:
        since = self._random.randrange(len(self.published) + 1)
        room, history = await self._app.container.registry().open("room")
        try:
            run = await self._app.container.recover()(
                room, history, {"message", "note"}, Position(epoch=history.epoch, seq=since)
            )
        except Unavailable:
            run = None
        if run is None:
            self.refused += 1
        else:
            self.answered += 1
            assert [event.seq for event in run.events] == list(range(len(self.published), since, -1))

    def _due(self, names: Sequence[str], form: PageForm, limit: int) -> list[int]:
        events = [event for event in self.published if event.name in names and self._is_held(event)]
        older = [event.place for event in reversed(events)]
        match form:
            case Before(seq=seq):
                return [place for place in older if place < seq][:limit]
            case After(seq=seq):
                return [place for place in older if place > seq][-limit:]
            case BeforeTime():
                return []
            case Offsets(start=start, end=end):
                return older[start:end]
            case Around(seq=seq):
                newer = [place for place in older if place > seq]
                below = [place for place in older if place <= seq]
                above = min(len(newer), max(limit // 2, limit - len(below)))
                return newer[len(newer) - above :] + below[: limit - above]
            case _:
                return older[:limit]


async def lived(seed: int, behaviours: Sequence[Keep]) -> Run:
    """A room that is published into and read from, while its storage does this and that."""
    random = Random(seed)
    plan = random.choices(behaviours, k=random.randrange(1, 30))
    # Without places nobody could see what a careless storage has lost.
    storage = UnsureStorage(plan=plan, gives_places=behaviours is not HONEST or random.random() < 0.8)
    app = storage.app()
    async with app.lifespan():
        run = Run(random, app, storage)
        for _ in range(8):
            await run.publish()
            for _ in range(random.randrange(4)):
                await checkpoint()
            for _ in range(READS):
                await (run.recover() if random.random() < 0.2 else run.read())
        storage.plan.clear()
    return run


async def live_all(behaviours: Sequence[Keep]) -> tuple[int, int]:
    """Many of these; how often they were answered and refused."""
    answered = refused = 0
    for seed in range(RUNS):
        with fail_after(60):
            run = await lived(seed, behaviours)
        answered, refused = answered + run.answered, refused + run.refused
    return answered, refused


async def test_over_a_storage_that_keeps_each_event_once_all_is_exact_or_refused() -> None:
    """Its answers get lost, and it keeps a part of what it is given; most of what is asked is answered all the same."""
    answered, refused = await live_all(HONEST)
    assert answered > 2 * refused


async def test_over_a_storage_that_does_not_all_is_exact_or_refused() -> None:
    await live_all([*HONEST, *CARELESS])


async def test_the_search_finds_what_happens_where_nothing_is_asked_and_nothing_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def nothing(*_: object) -> int:
        return 0

    def by_its_offset(_: object, loaded: Sequence[Event], newest: int, _life: object) -> list[Event]:
        return [replace(event, event_seq=newest - offset) for offset, event in enumerate(loaded)]

    monkeypatch.setattr(StoredEvents, "_ahead", nothing)
    monkeypatch.setattr(StoredEvents, "_numbered", by_its_offset)
    with pytest.raises(AssertionError):
        await live_all(HONEST)
