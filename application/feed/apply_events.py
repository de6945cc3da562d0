"""The one place where a room's events become visible on this node."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from time import monotonic
from typing import Protocol, TypeVar

from anyio import Event as Signal
from anyio import create_task_group, fail_after, sleep
from anyio.abc import TaskGroup

from ...domain.errors import DialogueError, RoomNotFound, Unavailable
from ...domain.event import Event
from ...domain.outcome import GroupOutcome
from ...domain.page import PageLimit
from ...domain.ports.history_source import HistorySource
from ...domain.position import Applied, Position
from ..deadline import deadline, deadline_at, remaining_s
from ..rooms.room_history import RoomHistory
from ..rooms.room_registry import RoomRegistry
from ..sessions.frame import SERVER_FAULT
from .hub import Hub
from .listeners import Listeners
from .room_feed import RoomFeed, Step, kept_here
from .submission import Look, Passing, Submission

READ_AT_ONCE = PageLimit(events=1_000, size=1 << 20)
"""How much of a gap is read, and shown, at once."""
PATIENCE_S = 10.0
"""How long a gap may stay open where no request's deadline comes before."""
LEAST_PATIENCE_S = 1.0
"""How long it may stay open at least, also where a request's deadline has all but come."""
RETRY_S = 0.1

T = TypeVar("T")

logger = logging.getLogger("dialogue.feed")


class Follower(Protocol):
    """Somebody who looks for himself when he hears that something was kept, if it `is_needed`."""

    is_needed: bool

    def wake(self, room_id: str) -> None:
        """Something was kept in that room."""
        ...


class Nodes(Protocol):
    """Who tells the other nodes what this one has done; nothing here waits."""

    def kept(self, room_id: str, submissions: Sequence[Look]) -> None:
        """This node has kept what these have as their outcome."""
        ...

    def passed(self, room_id: str, behind: Position, events: Sequence[Event]) -> None:
        """This node has sent on events without history, behind that place."""
        ...


class ApplyEvents:
    """Applies what was kept strictly by seq, and tells members, handlers and publishers in the same step.

    The journal hands over what its commits came to; a poll, which learns of other nodes' events, calls `look`. A gap,
    before, inside or behind what was handed over, is filled from the source, beside the commits that go on meanwhile.
    Where it cannot be filled in time, and where anything fails here, the room's members are made to come back with
    `since`: nobody misses an event unknowingly.

    Events without history are gathered for one turn of the loop and go out as one batch.
    """

    def __init__(
        self,
        registry: RoomRegistry,
        source: HistorySource,
        hub: Hub,
        listeners: Listeners,
        follower: Follower | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._registry = registry
        self._source = source
        self._hub = hub
        self._listeners = listeners
        self._follower = follower if follower is not None and follower.is_needed else None
        self._patience_s = patience_s
        self._feeds: dict[str, RoomFeed] = {}
        self._gathered: dict[str, list[tuple[Submission, Event]]] = {}
        self._wanted = Signal()
        self._landing: Callable[[str], Awaitable[None]] | None = None
        self._nodes: Nodes | None = None
        self._confirm: Callable[[str, RoomHistory], Awaitable[None]] | None = None
        self.is_shared = False
        """Whether other nodes keep events in the same storage: handlers are then told of this node's own alone."""
        self._tasks: TaskGroup | None = None
        self._is_over = False

    def follow_commits(self, landing: Callable[[str], Awaitable[None]]) -> None:
        """`landing(room_id)` waits until this node's own commit of the room that is in flight was handed over.

        What it kept may be read before that, and must not become visible before the events without history that were
        published ahead of it.
        """
        self._landing = landing

    def tell(self, nodes: Nodes) -> None:
        """Tell other nodes by `nodes`."""
        self._nodes = nodes

    def confirm_by(self, confirm: Callable[[str, RoomHistory], Awaitable[None]]) -> None:
        """`confirm(room_id, history)` raises Unavailable where the room has another life than that by now.

        What was read before may belong to it, though its seqs go on from those of the one that is open here.
        """
        self._confirm = confirm

    def applied(self, room_ids: Iterable[str]) -> Mapping[str, Applied]:
        """How far each of these rooms was applied, of those that are open."""
        histories = {room_id: self._registry.opened(room_id) for room_id in room_ids}
        return {room_id: history.applied for room_id, history in histories.items() if history is not None}

    async def run(self) -> None:
        """Send what was gathered and fill gaps, until cancelled."""
        try:
            async with create_task_group() as tasks:
                self._tasks = tasks
                for room_id, feed in list(self._feeds.items()):
                    self._catch_up_beside(room_id, feed)
                while True:
                    await self._wanted.wait()
                    self._wanted = Signal()
                    for room_id in list(self._gathered):
                        self._flush(room_id)
        finally:
            self._tasks = None
            self._is_over = True
            for room_id, feed in list(self._feeds.items()):
                self._give_up(room_id, feed, Unavailable("The server is going down"))

    def gather(self, submission: Submission, now_ms: int) -> None:
        """Send an event without history with all others of its room that come in this turn of the loop."""
        room_id = submission.group.room_id
        history = self._registry.opened(room_id)
        if history is None or history.epoch != submission.group.epoch:
            submission.settle(self._missing(room_id))
            return
        time_ms = history.pass_time(now_ms)
        events = self._gathered.setdefault(room_id, [])
        events += [(submission, draft.kept(timestamp_ms=time_ms)) for draft in submission.group.drafts]
        self._wanted.set()

    def take(self, room_id: str, submissions: Iterable[Look]) -> None:
        """Let these become visible in the room, in this order, behind what waits there already.

        Where nothing is missing that happens before this returns.
        """
        if self._gathered:
            self._flush(room_id)
        feed = self._feeds.setdefault(room_id, RoomFeed())
        submissions = list(submissions)
        feed.queue.extend(submissions)
        if self._nodes is not None:
            self._nodes.kept(room_id, submissions)
        if feed.is_catching_up:
            return
        try:
            self._advance(room_id, feed)
        except Exception as error:
            self._give_up(room_id, feed, error)  # of this room: the journal goes on for all others

    def pass_on(self, room_id: str, passing: Passing) -> None:
        """Show events without history of another node, where somebody may be in the room: then it is open."""
        if self._registry.opened(room_id) is not None and not self._is_over:
            self.take(room_id, [passing])

    def begin_anew(self, room_id: str) -> None:
        """The room has another life than the one that is applied: let its members come back for it."""
        logger.info(
            "room %r has begun a new life elsewhere: its members have to come back", room_id, extra={"room": room_id}
        )
        self._send_back(room_id)

    async def look(self, room_id: str, reached: int | None = None) -> None:
        """Apply what the source holds behind the applied head: all of it, or at least up to the seq `reached`.

        Raises RoomNotFound and Unavailable. Does nothing after the end: then nothing more becomes visible here.
        """
        if self._is_over:
            return
        answer: list[GroupOutcome] = []
        arrived = Signal()

        def settle(outcome: GroupOutcome) -> None:
            answer.append(outcome)
            arrived.set()

        self.take(room_id, [Look(settle, deadline(), reached)])
        await arrived.wait()
        if isinstance(answer[0], DialogueError):
            raise answer[0]

    def _advance(self, room_id: str, feed: RoomFeed, rows: Sequence[Event] = (), through: int = 0) -> None:
        history = self._registry.opened(room_id)
        if history is not None:
            self._make(feed.advance(history, rows, through), room_id, history)
        if not feed.queue:
            self._feeds.pop(room_id, None)
        elif not feed.is_catching_up:
            self._catch_up_beside(room_id, feed)

    def _make(self, step: Step, room_id: str, history: RoomHistory) -> None:
        own = kept_here(step.settled)
        is_shown = self._show(room_id, history, step.visible)
        if is_shown:
            self._tell(room_id, own if self.is_shared else step.visible)
        for submission, outcome in step.settled:
            submission.settle(self._former_life(room_id, outcome) if isinstance(outcome, RoomNotFound) else outcome)
        if is_shown:
            self._pass_to_nodes(room_id, history, own)
        if step.begins_anew:
            logger.error(
                "the storage holds less of room %r than was there before, or another life of it (it was deleted "
                "elsewhere, or restored): its members have to come back",
                room_id,
                extra={"room": room_id},
            )
        if step.has_gap:
            logger.warning(
                "events of room %r are gone that were not shown yet: its members have to come back",
                room_id,
                extra={"room": room_id},
            )
        if step.begins_anew or step.has_gap or not is_shown:
            self._send_back(room_id)

    def _show(self, room_id: str, history: RoomHistory, events: Sequence[Event]) -> bool:
        if not events:
            return True
        # Another node may define names that this one does not: they take their places, and nobody here wants them.
        defined = [event for event in events if history.defines(event.name)]
        try:
            history.apply([event for event in events if event.seq is not None])
            if events[-1].seq is None:
                history.pass_time(events[-1].timestamp_ms)
            self._hub.deliver(room_id, defined)
        except Exception:
            logger.exception(
                "events of room %r could not be sent on: its members have to come back",
                room_id,
                extra={"room": room_id},
            )
            return False
        return True

    def _tell(self, room_id: str, events: Sequence[Event]) -> None:
        if not self._listeners.are_given and self._follower is None:
            return
        try:
            self._listeners.tell(room_id, events)
            if self._follower is not None and events:
                self._follower.wake(room_id)
        except Exception:
            logger.exception("handlers in %r could not be told of events", room_id, extra={"room": room_id})

    def _flush(self, room_id: str) -> None:
        gathered = self._gathered.pop(room_id, None)
        if gathered is None:
            return
        history = self._registry.opened(room_id)
        epoch = None if history is None else history.epoch
        events = [event for _, event in gathered if event.epoch == epoch]
        is_shown = history is None or self._show(room_id, history, events)
        if is_shown:
            self._tell(room_id, events)
        for submission, event in gathered:
            submission.settle((event,) if event.epoch == epoch else self._missing(room_id))
        if not is_shown:
            self._send_back(room_id)
        elif history is not None:
            self._pass_to_nodes(room_id, history, events)

    def _pass_to_nodes(self, room_id: str, history: RoomHistory, own: Sequence[Event]) -> None:
        if self._nodes is None:
            return
        passing = [event for event in own if event.seq is None]
        if passing:
            self._nodes.passed(room_id, history.position, passing)

    def _catch_up_beside(self, room_id: str, feed: RoomFeed) -> None:
        if self._is_over:
            self._give_up(room_id, feed, Unavailable("The server is going down"))
        elif self._tasks is not None:
            feed.is_catching_up = True
            self._tasks.start_soon(self._catch_up, room_id, feed)

    async def _catch_up(self, room_id: str, feed: RoomFeed) -> None:
        try:
            while feed.queue:
                now = monotonic()
                with deadline_at(min(max(feed.until, now + LEAST_PATIENCE_S), now + self._patience_s)):
                    await self._read_on(room_id, feed)
        except Exception as error:
            self._give_up(room_id, feed, error)
        finally:
            feed.is_catching_up = False

    async def _read_on(self, room_id: str, feed: RoomFeed) -> None:
        asking = list(feed.queue)
        _, history = await self._in_time(partial(self._registry.open, room_id))
        rows = await self._in_time(partial(self._source.newer, room_id, None, history.head, READ_AT_ONCE))
        if rows:
            await self._in_time(partial(self._ensure_same_life, room_id, history))
        if rows and self._landing is not None:
            await self._landing(room_id)
        if self._registry.opened(room_id) is not history:
            return  # the room began anew while it was read
        if not rows:
            for submission in asking:
                submission.was_looked_behind = True
        self._advance(room_id, feed, rows, rows[-1].place if rows else 0)

    async def _ensure_same_life(self, room_id: str, history: RoomHistory) -> None:
        if self._confirm is not None and self._registry.opened(room_id) is history:
            await self._confirm(room_id, history)

    async def _in_time(self, read: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                with fail_after(remaining_s()):
                    return await read()
            except TimeoutError as error:
                raise Unavailable("The history could not be read in time") from error
            except Unavailable:
                if remaining_s() <= RETRY_S:
                    raise
                await sleep(RETRY_S)

    def _give_up(self, room_id: str, feed: RoomFeed, error: Exception) -> None:
        abandoned = list(feed.queue)
        feed.queue.clear()
        self._feeds.pop(room_id, None)
        is_missed = any(isinstance(each, Submission) for each in abandoned) and not isinstance(error, RoomNotFound)
        logger.log(
            logging.DEBUG if not is_missed else logging.WARNING if isinstance(error, Unavailable) else logging.ERROR,
            "events of room %r could not be read again: %r",
            room_id,
            error,
            exc_info=None if isinstance(error, DialogueError) else error,
            extra={"room": room_id},
        )
        refusal = error if isinstance(error, DialogueError) else Unavailable("The history cannot be reached")
        for each in abandoned:
            outcome = each.outcome if isinstance(each, Submission) else None
            each.settle(refusal if outcome is None else outcome)
        if is_missed:
            self._send_back(room_id)

    def _send_back(self, room_id: str) -> None:
        """Let the members come back, and find the room as its storage has it."""
        self._registry.forget(room_id)
        self._hub.close_room(room_id, SERVER_FAULT)

    def _former_life(self, room_id: str, gone: RoomNotFound) -> DialogueError:
        """What to say of a life that the storage does not have: a room that is configured cannot be deleted, so it has
        begun anew, and the same can be published again."""
        missing = self._missing(room_id)
        return missing if isinstance(missing, RoomNotFound) or self._registry.room(room_id).is_configured else gone

    def _missing(self, room_id: str) -> DialogueError:
        try:
            self._registry.room(room_id)
        except RoomNotFound as error:
            return error
        return Unavailable("The room's history has just begun anew")
