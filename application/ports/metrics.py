"""The port that is told what a node does, so that somebody can watch it."""

from __future__ import annotations

from typing import Literal, Protocol

ArchiveCall = Literal["append", "read"]


class Metrics(Protocol):
    """Is told once a batch, a refusal or a failure, and never for each event: what can be counted by whoever keeps it
    (who is connected, what waits) is read there when somebody asks.

    All methods are synchronous, never wait, and never raise. Nothing that a user chooses is handed over: codes are
    those of `DialogueError`, and one that is not among them counts as another.
    """

    def kept(self, events: int, took_s: float) -> None:
        """The archive has kept a batch of so many events."""
        ...

    def shown(self, waited_s: float) -> None:
        """A batch has been handed to all who receive it; its oldest event had waited so long since it was taken."""
        ...

    def refused(self, code: str) -> None:
        """A request was refused."""
        ...

    def failed(self, call: ArchiveCall) -> None:
        """The archive could not do what it was asked, or nobody knows whether it did."""
        ...

    def returned(self, delay_s: float) -> None:
        """A notice of this node has come back to it over the bus, so long after it was handed over."""
        ...


class Uncounted:
    """`Metrics` of a node that nobody watches."""

    def kept(self, events: int, took_s: float) -> None:
        """See `Metrics`."""

    def shown(self, waited_s: float) -> None:
        """See `Metrics`."""

    def refused(self, code: str) -> None:
        """See `Metrics`."""

    def failed(self, call: ArchiveCall) -> None:
        """See `Metrics`."""

    def returned(self, delay_s: float) -> None:
        """See `Metrics`."""


UNCOUNTED: Metrics = Uncounted()
