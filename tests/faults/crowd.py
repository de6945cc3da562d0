"""Many clients at once, of one server or of several nodes: some write, some read pages, some come and go.

What they saw is checked.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random

from anyio import Event as Signal
from anyio import create_task_group, current_time, fail_after, sleep
from websockets.exceptions import ConnectionClosed

from ..support.server_process import ServerProcess
from .ledger import Ledger
from .members import Member
from .pages import Asked, check
from .readers import Reader
from .serving import kept_by
from .sightings import Sightings
from .views import Clock, View
from .writers import Writer

TOO_SLOW = 4413
FAULT = 1011


@dataclass
class Crowd:
    """`run` lets them at the server; `check` holds what each saw against what the server kept.

    There are `size` of each kind; `members` sets the number of those who come and go. `may_fail` says that the storage
    fails now and then: then requests may be answered with UNAVAILABLE. `others` are further nodes over the database of
    `server`: everybody goes from one to the next. One that is to be killed is taken out first (`is_mortal`).
    """

    server: ServerProcess
    random: Random
    size: int = 20
    members: int | None = None
    may_fail: bool = False
    clock: Clock = Clock.STEADY
    others: list[ServerProcess] = field(default_factory=list)
    is_mortal: bool = False
    ledger: Ledger = field(default_factory=Ledger)
    sightings: Sightings = field(default_factory=Sightings)
    counts: Counter[str] = field(default_factory=Counter)
    pages: list[Asked] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    ends_at: float = 0
    turn: int = 0
    written: Signal = field(default_factory=Signal)
    heads: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Whether no more is to be begun."""
        return current_time() >= self.ends_at

    @property
    def servers(self) -> list[ServerProcess]:
        """Whom one may go to."""
        return [self.server, *self.others]

    def next_server(self) -> ServerProcess:
        """Whom to go to: each in its turn."""
        self.turn += 1
        return self.servers[self.turn % len(self.servers)]

    def cut_off(self, error: Exception) -> None:
        """Count that somebody lost the connection by the server's will: for being slow, which this machine may be; or
        to come back, where the storage fails and it cannot be said what a room's next event is."""
        if isinstance(error, ConnectionClosed):
            codes = {TOO_SLOW, FAULT} if self.may_fail else {TOO_SLOW}
            assert error.rcvd is None or error.rcvd.code in codes, error
        else:
            assert self.is_mortal, error
        self.counts["cut"] += 1

    async def goes_on_for(self, seconds: float) -> None:
        """Let it run for so much longer."""
        await sleep(seconds)

    def drawing(self) -> Random:
        """Somebody's own draws."""
        return Random(self.random.random())

    async def run(self, seconds: float) -> None:
        """For so long everyone does what they do; return when each has seen all that it has to."""
        self.ends_at = current_time() + seconds
        self.written = Signal()
        with fail_after(seconds + 200):
            async with create_task_group() as audience:
                for number in range(self.size):
                    audience.start_soon(Reader(self, f"reader-{number}").run)
                for number in range(self.size if self.members is None else self.members):
                    audience.start_soon(Member(self, f"member-{number}").run)
                async with create_task_group() as writers:
                    for number in range(self.size):
                        writers.start_soon(Writer(self, f"writer-{number}").run)
                self.heads = self.ledger.heads()
                self.written.set()

    def check(self) -> str:
        """Hold every view and every page against the database, event by event; the figures."""
        kept = kept_by(self.server)
        self.ledger.check(kept)
        self.sightings.check(kept)
        for page in self.pages:
            check(page, kept)
        recovered = sum(view.check(kept, may_fail=self.may_fail) for view in self.views)
        assert self.counts["unavailable"] == 0 or self.may_fail
        return (
            f"{len(kept):,} events kept, {self.ledger.answered:,} answered for, {len(self.pages):,} pages, "
            f"{self.counts['joins']:,} joins, {self.counts['drops']:,} drops, {self.counts['returns']:,} returns "
            f"({recovered:,} recovered), {self.counts['cut']} cut off, {self.sightings.count:,} events seen, "
            f"{self.counts['unavailable']:,} unavailable"
        )
