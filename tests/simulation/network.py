"""The bus between simulated nodes: it loses, repeats, delays and reorders, and can be cut."""

from __future__ import annotations

from random import Random

from anyio import Event as Signal
from anyio import sleep, sleep_forever
from anyio.abc import TaskGroup

from dialogue.application.ports.event_bus import BusDown, BusReceiver

from .owners import start_in_the_world
from .truth import Truth

MAX_SIZE = 7_900


class Network:
    """What all nodes' buses have in common."""

    def __init__(self, rng: Random, tasks: TaskGroup, truth: Truth) -> None:
        self.rng = rng
        self.tasks = tasks
        self.truth = truth
        self.loses = 0.1
        self.repeats = 0.1
        self.delay_s = 0.05
        self.buses: dict[NetworkBus, None] = {}


class NetworkBus:
    """`EventBus` of one node."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._cut = Signal()
        self._receiver: BusReceiver | None = None
        self.is_cut = False
        self.is_dead = False
        self.is_heard = True
        self.max_size = MAX_SIZE
        network.buses[self] = None

    def cut(self) -> None:
        """Reach nobody, until `mend`."""
        self.is_cut = True
        self._receiver = None
        self._cut.set()

    def mend(self) -> None:
        """Be reachable again."""
        self.is_cut = False
        self._cut = Signal()

    def die(self) -> None:
        """The node is dead."""
        self.is_dead = True
        self._receiver = None
        self._network.buses.pop(self, None)

    def publish(self, notice: bytes) -> None:
        """See `EventBus.publish`."""
        if not 1 <= len(notice) <= MAX_SIZE:
            self._network.truth.wrong.append(f"a notice of {len(notice)} bytes was published")
        if self.is_cut or self.is_dead:
            return
        network = self._network
        for bus in network.buses:
            if bus is not self and network.rng.random() >= network.loses:
                copies = 2 if network.rng.random() < network.repeats else 1
                for _ in range(copies):
                    delay_s = network.rng.random() * network.delay_s
                    start_in_the_world(network.tasks, bus._deliver, notice, delay_s)

    async def run(self, receiver: BusReceiver) -> None:
        """See `EventBus.run`."""
        await sleep(self._network.rng.random() * self._network.delay_s)
        if self.is_dead:
            await sleep_forever()
        if self.is_cut:
            raise BusDown("cut")
        self._receiver = receiver
        try:
            receiver.connected()
            await self._cut.wait()
            raise BusDown("cut")
        finally:
            self._receiver = None

    async def _deliver(self, notice: bytes, after_s: float) -> None:
        await sleep(after_s)
        if self._receiver is not None:
            self._receiver.receive(notice)
