"""A bus that does all that a bus may do."""

from __future__ import annotations

from random import Random

from dialogue.adapters.bus.in_process import Exchange, InProcessBus
from dialogue.application.ports.event_bus import BusReceiver


class RoughExchange(Exchange):
    """Loses a third of the notices, says some twice, and lets some wait until later ones have passed."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.random = Random(seed)
        self.late: list[tuple[BusReceiver, bytes]] = []

    def carry(self, receiver: BusReceiver, notice: bytes) -> None:
        """Do something with a notice."""
        fate = self.random.random()
        if fate < 0.33:
            return
        if fate < 0.66:
            self.late.append((receiver, notice))
        else:
            receiver.receive(notice)
        if fate > 0.9:
            self.late.append((receiver, notice))
        if self.random.random() < 0.3:
            self.random.shuffle(self.late)
            while self.late and self.random.random() < 0.7:
                late, held = self.late.pop()
                late.receive(held)


class RoughBus(InProcessBus):
    """`EventBus` that does with a notice what its exchange does."""

    def __init__(self, exchange: RoughExchange) -> None:
        super().__init__(exchange)
        self._rough = exchange

    def publish(self, notice: bytes) -> None:
        """See `EventBus.publish`."""
        for bus, receiver in list(self._rough.receivers.items()):
            if bus is not self:
                self._rough.carry(receiver, notice)


class DeafBus(InProcessBus):
    """A bus that carries nothing, and does not know it."""

    @property
    def is_heard(self) -> bool:
        """See `EventBus.is_heard`."""
        return True

    def publish(self, notice: bytes) -> None:
        """See `EventBus.publish`."""
