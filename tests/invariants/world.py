"""A storage, the node that runs over it now, its clients, and the list of what happened in the room."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from anyio import CancelScope, create_task_group
from anyio import Event as Signal
from anyio.abc import TaskStatus

from dialogue.domain.event import Event
from dialogue.domain.page import PageLimit
from dialogue.domain.ports.room_store import StoredRoom
from dialogue.domain.position import Position

from ..application.node import MemoryNode, SetClock
from ..support.storage_parts import StorageParts
from .client import Client, FrameCodec
from .faults import NO_FAULT, Fault
from .hesitation import Pauses, hesitant
from .judge import Moment
from .life import Life
from .publishing import KeysModel
from .setting import ROOM, Setting
from .storages import LastingStorage

USERS = ("ada", "bob", "cleo")


class World:
    """What the steps work on, and how a node's life begins and ends.

    The services are the real ones. What a step has asked is judged when the step is over (`unjudged`): while it runs,
    nobody can know yet what was kept meanwhile.
    """

    node: MemoryNode
    ports: StorageParts
    life: Life

    def __init__(self, storage: LastingStorage, setting: Setting, fault: Fault = NO_FAULT) -> None:
        self.storage = storage
        self.setting = setting if storage.is_ours else setting.of_another_s_events
        self.fault = fault
        self.clock = SetClock(1_000_000)
        self.pauses = Pauses()
        self.clients = [Client(user_id) for user_id in USERS]
        self.keys = KeysModel()
        self.epochs: list[str] = []
        self.unjudged: list[Callable[[], None]] = []
        self.numbers = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The world, with a node at work and a room in it."""
        async with self.storage.running(self.setting), create_task_group() as self._tasks:
            await self._open()
            await self._start()
            await self.node.manage.create(StoredRoom(id=ROOM, name="Room"))
            await self.begin_life()
            try:
                yield
            finally:
                with CancelScope(shield=True):
                    await self.kill()
                    await self.storage.close()

    async def begin_life(self) -> None:
        """The room was made, for the first time or again."""
        epoch = await self._epoch()
        self.life = Life(self.setting, epoch, self.life if self.epochs else None)
        self._note(epoch)

    async def restart(self) -> None:
        """Stop cleanly, so that everybody is sent what waits, and start again."""
        await self.node.node.stop()
        for client in self.clients:
            await client.read()
        await self.kill()
        await self.storage.close()
        await self._open()
        await self._start()
        self.life.forget_passed_time()
        assert await self._epoch() == self.life.epoch

    async def kill(self) -> None:
        """End the node's tasks where they are."""
        self._scope.cancel()
        await self._ended.wait()

    async def recover(self, take_up: Callable[[list[Event]], None], *, is_read: bool) -> None:
        """Start again after a kill; `take_up` gets what was kept beyond the list.

        Clients have read what they were sent before, or not.
        """
        await self.storage.crash()
        await self._open()
        self.life.forget_passed_time()
        take_up(await self.beyond())
        for client in self.clients:
            if is_read:
                await client.read(was_killed=True)
        await self._start()
        epoch = await self._epoch()
        assert (epoch != self.life.epoch) is self.storage.begins_anew
        if self.storage.begins_anew:
            self._note(epoch)
            self.life.epoch = epoch

    async def beyond(self) -> list[Event]:
        """What the storage holds beyond the list."""
        return await self.ports.source.newer(ROOM, None, self.life.head, PageLimit(events=1_000))

    def judge(self) -> None:
        """Judge what was answered."""
        unjudged, self.unjudged = self.unjudged, []
        for check in unjudged:
            check()

    def connect(self, client: Client) -> None:
        """Give the client a connection."""
        client.connect(self.node.session(client.user_id))

    @property
    def moment(self) -> Moment:
        """Where the room is."""
        return Moment.of(self.life)

    @property
    def position(self) -> Position:
        """Where the room is, as a client is told it."""
        return Position(epoch=self.life.epoch, seq=self.life.head)

    async def _open(self) -> None:
        self.ports = await self.storage.open()

    async def _start(self) -> None:
        ports = self.fault.spoil(hesitant(self.ports, self.pauses))
        self.node = MemoryNode(
            {},
            self.setting.rooms,
            clock=self.clock,
            recovery_limit=self.setting.recovery_limit,
            storage=ports,
            codec=FrameCodec(),
            hub=self.fault.hub(),
            recovering=self.fault.recovering,
            applying=self.fault.applying,
        )
        await self.node.registry.load()
        self._scope = await self._tasks.start(self._run)
        for client in self.clients:
            self.connect(client)

    async def _run(self, *, task_status: TaskStatus[CancelScope]) -> None:
        # Not `Dialogue.run`, which stops cleanly however it ends.
        self._ended = Signal()
        try:
            async with create_task_group() as tasks:
                tasks.start_soon(self.node.journal.run)
                task_status.started(tasks.cancel_scope)
        finally:
            self._ended.set()

    async def _epoch(self) -> str:
        _, history = await self.node.registry.open(ROOM)
        return history.epoch

    def _note(self, epoch: str) -> None:
        assert epoch not in self.epochs, "an epoch came twice"
        self.epochs.append(epoch)
