"""An event loop on virtual time, on which a run with the same seed is the same run.

Nothing here waits: where all tasks wait, the clock goes on to the next timer. What makes two runs differ elsewhere is
put in order: sets that are hashed by identity, names that are drawn, the machine's clocks.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import selectors
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from anyio._backends import _asyncio as anyio_backend

T = TypeVar("T")

BEGINNING_S = 1_000.0
MOST_TURNS = 3_000_000
"""So many turns of the loop are no run any more: something spins."""


class NothingHappens(Exception):
    """Every task waits, and no timer runs."""


class OrderedSet(dict[Any, None]):
    """A set in the order in which things were added, as far as anyio uses one."""

    def add(self, item: Any) -> None:
        """See `set.add`."""
        self[item] = None

    def remove(self, item: Any) -> None:
        """See `set.remove`."""
        del self[item]

    def discard(self, item: Any) -> None:
        """See `set.discard`."""
        super().pop(item, None)


class _NoWaiting(selectors.BaseSelector):
    """Stands where the loop waits for sockets, of which there are none: it moves the clock on instead."""

    def __init__(self) -> None:
        self.now_s = BEGINNING_S
        self._turns = 0
        self._keys: dict[Any, selectors.SelectorKey] = {}

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._turns += 1
        if self._turns > MOST_TURNS:
            raise NothingHappens(f"the loop has turned {MOST_TURNS} times: something spins")
        if timeout is None:
            raise NothingHappens("every task waits for another one")
        self.now_s += max(0.0, timeout)
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = self._keys[fileobj] = selectors.SelectorKey(fileobj, 0, events, data)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop; `time` is virtual."""

    def __init__(self) -> None:
        self._clock = _NoWaiting()
        super().__init__(self._clock)

    def time(self) -> float:
        """Virtual seconds."""
        return self._clock.now_s

    def run_in_executor(self, *_: Any) -> Any:  # type: ignore[override]
        """No thread runs here: it would come back at a moment that nobody can repeat."""
        raise AssertionError("a thread was started in a simulation")


def run(seed: int, work: Callable[[random.Random], Coroutine[Any, Any, T]]) -> T:
    """Run `work` on virtual time. All that is drawn in it, names of epochs included, follows from `seed`."""
    rng = random.Random(seed)
    loop = VirtualLoop()
    with _in_order(random.Random(rng.random()), loop), asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(work(rng))


@contextmanager
def _in_order(rng: random.Random, loop: VirtualLoop) -> Iterator[None]:
    """Let everything that Dialogue takes from the machine come from the seed and from virtual time."""

    def token_hex(size: int = 32) -> str:
        return rng.randbytes(size).hex()

    replaced: dict[object, object] = {
        time.monotonic: loop.time,
        secrets.token_hex: token_hex,
        secrets.token_urlsafe: token_hex,
    }
    restored: list[tuple[object, str, object]] = []
    for name, module in list(sys.modules.items()):
        if name.startswith("dialogue."):
            for attribute, value in list(vars(module).items()):
                if callable(value) and _is_key(value, replaced):
                    restored.append((module, attribute, value))
                    setattr(module, attribute, replaced[value])
    vars(anyio_backend)["set"] = OrderedSet
    sources: tuple[tuple[object, str], ...] = (
        (time, "monotonic"),
        (secrets, "token_hex"),
        (secrets, "token_urlsafe"),
    )
    for owner, name in sources:
        value = getattr(owner, name)
        restored.append((owner, name, value))
        setattr(owner, name, replaced[value])
    try:
        yield
    finally:
        del vars(anyio_backend)["set"]
        for owner, attribute, value in restored:
            setattr(owner, attribute, value)


def _is_key(value: object, keys: Mapping[object, object]) -> bool:
    try:
        return value in keys
    except TypeError:
        return False
