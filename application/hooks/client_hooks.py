"""Telling the application what its clients do, each client's moments in their order."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Any

from anyio import Event as Signal
from anyio import create_task_group, move_on_after, sleep_forever
from anyio.abc import TaskGroup

from ...domain.errors import Disconnected
from ..deadline import deadline_at
from ..feed.hub import Hub
from ..ports.authenticator import Identity
from ..sessions.session import Session
from .client import Client
from .hooks import Hooks
from .run_hook import Call, RunHook, Turn

PATIENCE_S = 5.0

logger = logging.getLogger("dialogue.hooks")


class _Lane:
    """What one client's hooks have still to be told, and in which rooms they were told that it is."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.waiting: deque[Call] = deque()
        self.turn = Turn()
        self.rooms: dict[str, None] = {}
        self.is_connected = False
        self.is_over = False
        self.emptied: Signal | None = None  # while there is something to tell


class ClientHooks:
    """Calls `on_connected`, `on_joined`, `on_left` and `on_disconnected`: for one client never two at once.

    A session takes no more requests until its own have come to their end, see `settled`: so a slow one holds up that
    client alone, and no more can wait than one request brings about.
    """

    def __init__(self, hooks: Hooks, run_hook: RunHook, hub: Hub, client: Callable[[Session], Client]) -> None:
        self._hooks = hooks
        self._run_hook = run_hook
        self._client = client
        self._lanes: dict[Session, _Lane] = {}
        self._emptied = Signal()
        self._tasks: TaskGroup | None = None
        self._is_over = False
        self.are_given = any((hooks.on_connected, hooks.on_disconnected, hooks.on_joined, hooks.on_left))
        if self.are_given:
            hub.watch(self)

    async def connecting(self, identity: Identity, client_id: str) -> None:
        """It is known who a client is; to be called before it becomes a session."""
        if self._hooks.on_connect is not None:
            about = f"on_connect of {identity.user_id!r}"
            await self._run_hook.contained(Call(self._hooks.on_connect, (identity, client_id), about, identity.user_id))

    async def connected(self, session: Session) -> None:
        """The client was told that it is connected; returns when `on_connected` has come to its end."""
        if self._hooks.on_connected is None and self._hooks.on_disconnected is None:
            return
        lane = self._lane(session)
        lane.is_connected = True
        self._note(lane, session, self._hooks.on_connected, "on_connected")
        await self.settled(session)

    def joined(self, session: Session, room_id: str) -> None:
        """See `Watcher`."""
        lane = self._lane(session)
        if room_id not in lane.rooms:
            lane.rooms[room_id] = None
            self._note(lane, session, self._hooks.on_joined, "on_joined", room_id)

    def left(self, session: Session, room_id: str) -> None:
        """See `Watcher`."""
        lane = self._lanes.get(session)
        if lane is not None and room_id in lane.rooms:
            del lane.rooms[room_id]
            self._note(lane, session, self._hooks.on_left, "on_left", room_id)

    def ended(self, session: Session) -> None:
        """See `Watcher`."""
        lane = self._lanes.get(session)
        if lane is None or lane.is_over:
            return
        lane.is_over = True
        if lane.is_connected:
            self._note(lane, session, self._hooks.on_disconnected, "on_disconnected")
        if lane.emptied is None:
            self._forget(session)

    async def settled(self, session: Session) -> None:
        """Wait until all hooks that this session's requests have brought about have come to their end."""
        lane = self._lanes.get(session)
        if lane is not None and lane.emptied is not None:
            await lane.emptied.wait()

    async def run(self) -> None:
        """Call the hooks, until cancelled."""
        try:
            async with create_task_group() as tasks:
                self._tasks = tasks
                for session, lane in self._lanes.items():
                    if lane.waiting:
                        tasks.start_soon(self._call_all, session, lane)
                await sleep_forever()
        finally:
            self._tasks, self._is_over = None, True
            for lane in self._lanes.values():
                if lane.emptied is not None:
                    lane.emptied.set()

    async def finish(self) -> None:
        """Return when all hooks were told what they have still to be told, or after five seconds."""
        with move_on_after(PATIENCE_S) as scope:
            while any(lane.emptied is not None for lane in self._lanes.values()):
                self._emptied = Signal()
                await self._emptied.wait()
        if scope.cancelled_caught:
            logger.warning("hooks did not finish within %s s: what clients did last is not told", PATIENCE_S)

    def _lane(self, session: Session) -> _Lane:
        lane = self._lanes.get(session)
        if lane is None:
            lane = self._lanes[session] = _Lane(self._client(session))
        return lane

    def _note(
        self, lane: _Lane, session: Session, hook: Callable[..., Any] | None, name: str, room_id: str | None = None
    ) -> None:
        if hook is None or self._is_over:
            return
        where = "" if room_id is None else f" in {room_id!r}"
        arguments = (lane.client,) if room_id is None else (lane.client, room_id)
        lane.waiting.append(Call(hook, arguments, f"{name} of {session.user_id!r}{where}", session.user_id))
        if lane.emptied is None:
            lane.emptied = Signal()
            if self._tasks is not None:
                self._tasks.start_soon(self._call_all, session, lane)

    async def _call_all(self, session: Session, lane: _Lane) -> None:
        while lane.waiting:
            with deadline_at(monotonic() + self._run_hook.timeout_s):  # and not the request's that brought it about
                await self._call(lane.waiting.popleft(), lane)
        emptied, lane.emptied = lane.emptied, None
        if emptied is not None:
            emptied.set()
        if lane.is_over:
            self._forget(session)
        self._emptied.set()

    async def _call(self, call: Call, lane: _Lane) -> None:
        try:
            await self._run_hook.in_turn(call, lane.turn)
        except Disconnected:
            logger.debug("%s came to nothing: the client is gone", call.about)
        except Exception:
            logger.exception("%s failed", call.about)

    def _forget(self, session: Session) -> None:
        self._lanes.pop(session, None)
