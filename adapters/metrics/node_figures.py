"""What the services know at this moment, read when somebody asks."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric

from ...application.feed.hub import Hub
from ...application.nodes.poll_moves import PollMoves
from ...application.nodes.run_bus import RunBus
from ...application.publishing.journal import Journal
from ...application.readiness import Readiness
from ...application.rooms.room_registry import RoomRegistry
from .prometheus_metrics import labelled

CLOSE_CODES = ("1000", "1001", "1006", "1009", "1011", "4401", "4403", "4408", "4413", "4429")
OTHER = "other"


class NodeFigures:
    """A collector that asks the services, and so costs nothing while nobody asks.

    It may be asked in another thread than theirs: it reads copies, and changes nothing.
    """

    def __init__(
        self,
        hub: Hub,
        journal: Journal,
        registry: RoomRegistry,
        readiness: Readiness,
        run_bus: RunBus,
        poll: PollMoves,
    ) -> None:
        self._hub = hub
        self._journal = journal
        self._registry = registry
        self._readiness = readiness
        self._run_bus = run_bus
        self._poll = poll

    def collect(self) -> Iterator[Metric]:
        """All of it; see `prometheus_client.registry.Collector`."""
        yield GaugeMetricFamily(
            "dialogue_ready", "1 where events can be kept and read.", value=self._readiness.is_ready
        )
        yield from self._people()
        yield from self._rooms()
        yield from self._queues()
        yield from self._nodes()

    def _people(self) -> Iterator[Metric]:
        sessions, users, _ = self._hub.counts
        yield GaugeMetricFamily("dialogue_connections", "Connections that are open.", value=len(self._hub.outboxes))
        yield GaugeMetricFamily("dialogue_sessions", "Connections that have said who they are.", value=sessions)
        yield GaugeMetricFamily("dialogue_users", "Users to whom these belong.", value=users)
        closed = dict.fromkeys([*CLOSE_CODES, OTHER], 0)
        for code, count in list(self._hub.closed.items()):
            closed[str(code) if str(code) in closed else OTHER] += count
        yield labelled("dialogue_connections_closed", "Connections that have ended, by close code.", "code", closed)

    def _rooms(self) -> Iterator[Metric]:
        known, opened = self._registry.counts
        budget = self._registry.budget
        yield GaugeMetricFamily("dialogue_rooms", "Rooms that there are.", value=known)
        yield GaugeMetricFamily("dialogue_rooms_open", "Rooms whose newest events are in memory.", value=opened)
        yield GaugeMetricFamily("dialogue_rooms_occupied", "Rooms in which somebody is.", value=self._hub.counts[2])
        yield GaugeMetricFamily("dialogue_buffer_bytes", "Events in memory, in bytes of the wire.", value=budget.size)
        yield CounterMetricFamily("dialogue_evictions", "Events that have left memory.", value=budget.evicted)

    def _queues(self) -> Iterator[Metric]:
        events, size = self._journal.waiting
        yield GaugeMetricFamily("dialogue_waiting_events", "Events that wait to be kept and shown.", value=events)
        yield GaugeMetricFamily("dialogue_waiting_bytes", "Bytes of events that wait to be kept and shown.", value=size)
        waiting = [outbox.waiting for outbox in self._hub.outboxes]
        frames, sizes = sum(frames for frames, _ in waiting), sum(size for _, size in waiting)
        behind = sum(frames > 0 for frames, _ in waiting)
        yield GaugeMetricFamily("dialogue_outbox_frames", "Frames that wait for slow clients.", value=frames)
        yield GaugeMetricFamily("dialogue_outbox_bytes", "Bytes that wait for slow clients.", value=sizes)
        yield GaugeMetricFamily("dialogue_connections_behind", "Connections for which something waits.", value=behind)
        yield CounterMetricFamily(
            "dialogue_deliveries",
            "How often a batch of a room's events met a session that is in the room.",
            value=self._hub.deliveries,
        )

    def _nodes(self) -> Iterator[Metric]:
        is_up = self._run_bus.flaw is None
        yield GaugeMetricFamily(
            "dialogue_bus_up", "1 where nothing is wrong with the bus, or there is none.", value=is_up
        )
        answered_at = self._poll.answered_at
        yield GaugeMetricFamily(
            "dialogue_poll_age_seconds",
            "How long ago the storage last said what other nodes have done; 0 where there are none.",
            value=0.0 if answered_at is None else monotonic() - answered_at,
        )


class Version:
    """A collector that tells which version runs."""

    def __init__(self, version: str) -> None:
        self._version = version

    def collect(self) -> Iterator[Metric]:
        """See `prometheus_client.registry.Collector`."""
        yield InfoMetricFamily("dialogue_build", "The version that runs.", value={"version": self._version})
