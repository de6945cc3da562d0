"""The machine: any step after any other, each held against the list."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from anyio import fail_after
from anyio.from_thread import start_blocking_portal
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from dialogue.domain.page import PageRequest

from . import acts, amid, steps, visits
from .faults import NO_FAULT, Fault
from .publishing import Sent
from .setting import ALL_KEPT, ROOM, SETTINGS, Setting
from .since import Since
from .storages import STORAGES
from .storm import Storm, rage
from .world import World

PATIENCE_S = 60.0


class AnyOrder(RuleBasedStateMachine):
    """Drives one node after the other over one storage; its event loop runs in a thread of its own."""

    storage = "memory"
    fault: Fault = NO_FAULT

    def __init__(self) -> None:
        super().__init__()
        self._ending = ExitStack()
        self._has_failed = False
        self._portal = self._ending.enter_context(start_blocking_portal())
        folder = self._ending.enter_context(TemporaryDirectory())
        self._storage = STORAGES[self.storage](Path(folder))

    @initialize(setting=SETTINGS)
    def begin(self, setting: Setting) -> None:
        self._world = World(self._storage, setting, self.fault)
        self._ending.enter_context(self._portal.wrap_async_context_manager(self._world.running()))

    def teardown(self) -> None:
        with self._ending:
            if not self._has_failed:
                self._do(visits.ensure_whole)

    def _do(self, step: Callable[..., Awaitable[object] | None], *arguments: Any, **options: Any) -> None:
        async def run() -> None:
            with fail_after(PATIENCE_S):
                result = step(self._world, *arguments, **options)
                if result is not None:
                    await result
                self._world.judge()

        self._has_failed = True
        self._portal.call(run)
        self._has_failed = False

    def _client_is_in(self, client: int) -> bool:
        return self._world.clients[client].is_in

    def _look(self) -> None:
        for name in (None, *ALL_KEPT):
            self._do(visits.page, self._world.clients[0], PageRequest(room_id=ROOM, event_name=name, limit=20))

    @invariant()
    def everybody_has_what_is_theirs(self) -> None:
        self._do(visits.read_all)

    @rule(later_ms=steps.LATER_MS, sent=steps.SENT)
    def publish(self, later_ms: int, sent: list[Sent]) -> None:
        self._world.clock.now += later_ms
        self._do(acts.publish, sent)

    @rule(storm=steps.STORMS)
    def do_many_things_at_once(self, storm: Storm) -> None:
        self._do(rage, storm)

    @rule(missed=steps.SENT, storm=steps.STORMS)
    def come_back_in_a_storm(self, missed: list[Sent], storm: Storm) -> None:
        for client in storm.clients:
            self._do(visits.drop_out, self._world.clients[client], is_read=True)
        self._do(acts.publish, missed)
        self._do(rage, storm)

    @rule(client=steps.CLIENTS, names=steps.SUBSCRIPTIONS, since=steps.SINCE)
    def join(self, client: int, names: frozenset[str] | None, since: Since) -> None:
        visitor = self._world.clients[client]
        self._do(visits.join, visitor, names, since.position(self._world, visitor))

    @rule(client=steps.CLIENTS, sent=steps.SENT, is_read=st.booleans())
    def drop_out_and_come_back(self, client: int, sent: list[Sent], is_read: bool) -> None:
        visitor = self._world.clients[client]
        self._do(visits.drop_out, visitor, is_read=is_read)
        self._do(acts.publish, sent)
        self._do(visits.join, visitor, visitor.names, visitor.cursor)

    @rule(client=steps.CLIENTS, names=steps.CHOICES, is_more=st.booleans())
    def choose(self, client: int, names: frozenset[str], is_more: bool) -> None:
        if self._client_is_in(client):
            self._do(visits.choose, self._world.clients[client], names, is_more=is_more)

    @rule(client=steps.CLIENTS)
    def leave(self, client: int) -> None:
        if self._client_is_in(client):
            self._do(visits.leave, self._world.clients[client])

    @rule(client=steps.CLIENTS, is_dawdling=st.booleans())
    def read_later(self, client: int, is_dawdling: bool) -> None:
        self._world.clients[client].is_dawdling = is_dawdling

    @rule(client=steps.CLIENTS, requests=st.lists(steps.PAGES, min_size=1, max_size=8))
    def page(self, client: int, requests: list[PageRequest]) -> None:
        for request in requests:
            self._do(visits.page, self._world.clients[client], request)

    @rule(redactions=st.lists(st.tuples(steps.SEQS, steps.REDACTORS), min_size=1, max_size=4))
    def redact(self, redactions: list[tuple[int, str]]) -> None:
        for seq, by in redactions:
            self._do(acts.redact, seq, by)
        self._look()

    @rule(user_id=steps.SENDERS)
    def erase(self, user_id: str) -> None:
        self._do(acts.erase, user_id)
        self._look()

    @rule(later_ms=steps.LATER_MS)
    def sweep(self, later_ms: int) -> None:
        self._world.clock.now += later_ms
        self._do(acts.sweep)
        self._look()

    @rule()
    def close_idle_rooms(self) -> None:
        self._do(acts.close_idle_rooms)

    @rule(sent=steps.CRASHED, seed=steps.SEEDS, lost=st.integers(1, 3))
    def lose_answers(self, sent: list[Sent], seed: int, lost: int) -> None:
        self._do(amid.lose_answers, sent, seed, lost)

    @rule(sent=steps.CRASHED, seed=steps.SEEDS, turns=steps.TURNS)
    def make_the_room_anew(self, sent: list[Sent], seed: int, turns: int) -> None:
        self._do(amid.make_anew, sent, seed, turns)

    @rule()
    def restart(self) -> None:
        self._do(World.restart)

    @rule(sent=steps.CRASHED, seed=steps.SEEDS, turns=steps.TURNS, is_read=st.booleans())
    def crash(self, sent: list[Sent], seed: int, turns: int, is_read: bool) -> None:
        self._do(amid.crash, sent, seed, turns, is_read=is_read)
