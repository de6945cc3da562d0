"""Writers and watchers of one server until it ends, by whatever hand; they come back when it does."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from anyio import Event as Signal
from anyio import create_task_group, fail_after
from websockets.exceptions import ConnectionClosed

from ..support.server_process import ServerProcess
from ..support.wire_client import Message
from .kept import Kept
from .ledger import Ledger, Publication
from .peer import DEADLINE_S, Peer, peer
from .serving import kept_by
from .sightings import Sightings
from .views import View

ROOMS = ("hall", "side")
WINDOW = 8
NOT_SENT = 0


@dataclass
class Flood:
    """`until_ended` floods the server until all connections are lost; `check` holds what was seen against what is kept.

    A publication that was not answered is sent again, with its key, when its writer comes back.
    """

    server: ServerProcess
    random: Random
    writers: int = 8
    watchers: int = 3
    ledger: Ledger = field(default_factory=Ledger)
    sightings: Sightings = field(default_factory=Sightings)
    views: list[View] = field(default_factory=list)
    closes: Counter[int | None] = field(default_factory=Counter)
    answers: int = 0
    _unanswered: dict[str, list[Publication]] = field(default_factory=dict)
    _left: dict[tuple[str, str], Message] = field(default_factory=dict)
    _moved: Signal = field(default_factory=Signal)

    async def until_ended(self, act: Callable[[], object] | None = None, *, after: int = 0) -> None:
        """Flood until the server is gone; `act`, where given, is called when so many more answers have come."""
        wanted = self.answers + after
        with fail_after(DEADLINE_S):
            async with create_task_group() as tasks:
                for number in range(self.watchers):
                    tasks.start_soon(self._watch, f"watcher-{number}")
                for number in range(self.writers):
                    tasks.start_soon(self._write, f"writer-{number}", Random(self.random.random()))
                while act is not None and self.answers < wanted:
                    self._moved = Signal()
                    await self._moved.wait()
                if act is not None:
                    act()

    async def catch_up(self) -> None:
        """Let every writer send again what was not answered, and wait for the answers."""
        for name, publications in self._unanswered.items():
            async with peer(self.server.ws, name, self.sightings) as client:
                await self._enter(client)
                for publication in publications:
                    publication.take(await client.ask("trigger", **publication.fields))
        self._unanswered.clear()

    def check(self) -> Kept:
        """Hold all views and answers against the database, which is given back."""
        kept = kept_by(self.server)
        self.ledger.check(kept)
        self.sightings.check(kept)
        for view in self.views:
            view.check(kept)
        return kept

    async def _watch(self, name: str) -> None:
        try:
            async with peer(self.server.ws, name, self.sightings) as client:
                try:
                    for room_id in ROOMS:
                        assert await client.join(room_id, since=self._left.get((name, room_id)))
                    await client.until_closed()
                finally:
                    self.views += client.views.values()
                    self._left |= {(name, room_id): view.position for room_id, view in client.views.items()}
        except (ConnectionClosed, OSError) as error:
            self._count(error)

    async def _write(self, name: str, random: Random) -> None:
        in_flight: deque[tuple[int, Publication]] = deque()
        again = deque(self._unanswered.pop(name, []))
        try:
            async with peer(self.server.ws, name, self.sightings) as client:
                await self._enter(client)
                try:
                    while True:
                        await self._publish(client, in_flight, again.popleft() if again else self._new(name, random))
                finally:
                    self._take_last(await client.last_answers(), in_flight)
        except (ConnectionClosed, OSError) as error:
            self._count(error)
        unanswered = [each for _, each in in_flight if not each.answers and not each.is_refused]
        self._unanswered[name] = [each for each in [*unanswered, *again] if each.key is not None]

    def _new(self, name: str, random: Random) -> Publication:
        return self.ledger.new(name, random.choice(ROOMS), random.choice(["message", "note"]), is_keyed=True)

    async def _publish(self, client: Peer, in_flight: deque[tuple[int, Publication]], publication: Publication) -> None:
        in_flight.append((NOT_SENT, publication))
        in_flight[-1] = await client.send("trigger", **publication.fields), publication
        if len(in_flight) >= WINDOW:
            request_id, first = in_flight[0]
            self._take(first, await client.answer(request_id))
            in_flight.popleft()

    def _take_last(self, answers: dict[int, Message], in_flight: deque[tuple[int, Publication]]) -> None:
        for request_id, publication in in_flight:
            if request_id in answers:
                self._take(publication, answers[request_id])

    def _take(self, publication: Publication, answer: Message) -> None:
        publication.take(answer)
        self.answers += 1
        self._moved.set()

    async def _enter(self, client: Peer) -> None:
        for room_id in ROOMS:
            assert await client.join(room_id, events=[])

    def _count(self, error: ConnectionClosed | OSError) -> None:
        received = error.rcvd if isinstance(error, ConnectionClosed) else None
        self.closes[received.code if received is not None else None] += 1
