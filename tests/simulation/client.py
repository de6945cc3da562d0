"""A client of the wire's: what it asks, what it is sent, and what it holds that to."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from anyio import create_task_group, move_on_after, sleep

from .node import Connection, SimulatedNode
from .truth import EPHEMERAL, NAMES, Message
from .view import Member

if TYPE_CHECKING:
    from .world import World

MADE_ROOMS = ("club", "pub")
"""Rooms that clients make and delete, whoever comes first."""
ANSWER_S = 60.0
"""Whoever waits so long for an answer gives its connection up."""


_ERRORS = {
    "join": ("ROOM_FULL",),
    "getHistory": ("POSITION_UNKNOWN",),
    "createRoom": ("ROOM_EXISTS", "FORBIDDEN"),
    "deleteRoom": ("FORBIDDEN",),
}


@dataclass(slots=True)
class Publication:
    """An event that somebody wants kept; sent again with its key where the answer did not come."""

    sender: str
    number: int
    room_id: str
    event: str
    key: str | None
    floor: int = 0
    """What had been answered for in the room before it was first sent."""
    tries: int = 0
    refusals: int = 0
    answer: Message | None = None

    @property
    def data(self) -> Message:
        return {"by": self.sender, "n": self.number}


@dataclass(slots=True)
class Client:
    """One user with one connection at a time."""

    world: World
    user_id: str
    rng: Random
    publications: list[Publication] = field(default_factory=list)
    members: dict[str, Member] = field(default_factory=dict)
    ephemerals: dict[str, int] = field(default_factory=dict)
    is_connected: bool = False
    _node: SimulatedNode = field(init=False)
    _connection: Connection | None = None
    _asked: dict[int, tuple[str, Any]] = field(default_factory=dict)
    _ids: int = 0
    _visits: int = 0

    @property
    def visit(self) -> int | None:
        """The number of the present connection; None where there is none that was answered."""
        return self._visits if self.is_connected else None

    async def live(self) -> None:
        """Connect, be somebody, lose the connection, and come back, until the world is over."""
        while not self.world.is_over:
            node = self.world.any_node(self.rng)
            if node is None:
                await sleep(0.2)
                continue
            await self._visit(node)
            await sleep(self.rng.random() * 0.3)

    async def _visit(self, node: SimulatedNode) -> None:
        self._node = node
        self._visits += 1
        self._connection = await node.connect()
        self._asked = {}
        self._ask("connect", auth={"userId": self.user_id})
        try:
            async with create_task_group() as tasks:
                tasks.start_soon(self._read, tasks.cancel_scope.cancel)
                if self.rng.random() < 0.5 and not self.world.is_calm:
                    with move_on_after(self.rng.random() * 8):
                        await self._act()
                else:
                    await self._act()
                tasks.cancel_scope.cancel()
        finally:
            self.is_connected = False
            for member in self.members.values():
                member.leave()
                member.ephemerals.clear()  # of another connection's, to another node, some may come again
            self._connection.end()

    async def _act(self) -> None:
        for room_id in self.world.room_ids:
            if (room_id in self.members and self.members[room_id].cursor) or self.rng.random() < 0.8:
                self._join(room_id)
        for publication in self.publications[-20:]:
            if publication.key is not None and publication.answer is None and publication.tries < 20:
                self._trigger(publication)
        while True:
            await sleep(self.rng.random() * self.world.pace_s)
            if not self.is_connected or self.world.is_calm:
                continue
            self._do_something()

    def _do_something(self) -> None:
        room_id = self.rng.choice(self.world.room_ids)
        member = self.members.get(room_id)
        if member is None or not member.is_in:
            if room_id not in [args for kind, args in self._asked.values() if kind == "join"]:
                self._join(room_id)
            return
        match self.rng.random():
            case share if share < self.world.change_share:
                self._change_rooms()
            case share if share < 0.1 and member.reached:
                self.world.redact(self._node, room_id, self.rng.randint(1, member.reached), self.user_id)
            case share if share < 0.11:
                self.world.remove(self._node, self.rng.choice(self.world.clients))
            case share if share < 0.6:
                self._publish(room_id)
            case share if share < 0.85:
                self._page(room_id)
            case share if share < 0.95:
                self._join(room_id)
            case _:
                self._ask("leave", room_id, roomId=room_id)

    def _change_rooms(self) -> None:
        room_id = self.rng.choice(self.world.made_rooms)
        if self.rng.random() < 0.5:
            self._ask("createRoom", room_id, room={"id": room_id, "name": room_id})
        else:
            self._ask("deleteRoom", room_id, roomId=room_id)

    def _join(self, room_id: str) -> None:
        member = self.members.setdefault(room_id, Member(self.world.truth, room_id))
        names = self.rng.sample([*NAMES, EPHEMERAL], self.rng.randint(1, 4)) if self.rng.random() < 0.3 else None
        since = member.cursor if self.rng.random() < 0.8 else None
        fields: Message = {"roomId": room_id}
        if names is not None:
            fields["events"] = names
        if since is not None:
            fields["since"] = since
        self._ask("join", room_id, since, **fields)

    def _publish(self, room_id: str) -> None:
        if self.rng.random() < 0.15:
            number = self.ephemerals[room_id] = self.ephemerals.get(room_id, 0) + 1
            data = {"by": f"{self.user_id} {self._visits}", "t": number}
            self._ask("trigger", None, roomId=room_id, event=EPHEMERAL, data=data)
            return
        number = len(self.publications) + 1
        key = f"k{number}" if self.rng.random() < 0.6 else None
        name = self.rng.choice(NAMES)
        publication = Publication(self.user_id, number, room_id, name, key, self.world.answered.get(room_id, 0))
        self.publications.append(publication)
        self._trigger(publication)

    def _trigger(self, publication: Publication) -> None:
        publication.tries += 1
        fields: Message = {"roomId": publication.room_id, "event": publication.event, "data": publication.data}
        if publication.key is not None:
            fields["key"] = publication.key
        self._ask("trigger", publication, **fields)

    def _page(self, room_id: str) -> None:
        form = self.rng.choice(("newest", "before", "after", "around"))
        at = self.rng.randint(1, max(1, self.members[room_id].reached))
        fields: Message = {} if form == "newest" else {form: at}
        if self.rng.random() < 0.5:
            fields["event"] = self.rng.choice(NAMES)
        self._ask("getHistory", fields, roomId=room_id, limit=self.rng.choice((1, 5, 30)), **fields)

    def _ask(self, kind: str, *about: Any, **fields: Any) -> None:
        assert self._connection is not None
        self._ids += 1
        self._asked[self._ids] = (kind, about[0] if len(about) == 1 else about)
        frame = json.dumps({"type": kind, "id": self._ids, **fields})
        self.world.note(f"{self.user_id} > {self._node.name}", frame.encode())
        self._connection.send(frame)

    async def _read(self, end: Any) -> None:
        assert self._connection is not None
        transport = self._connection.transport
        while True:
            if not self._asked:
                await transport.arrived()
            else:
                with move_on_after(ANSWER_S) as patience:
                    await transport.arrived()
                assert not patience.cancelled_caught, f"{self.user_id}: no answer to {[*self._asked.values()]}"
            await sleep(self.rng.random() * 0.01)
            for frame in transport.read():
                self.world.note(self.user_id, frame.data)
                self._take(json.loads(frame.text))
            if transport.closing is not None:
                end()
                return

    def _take(self, message: Message) -> None:
        request_id = message.get("id")
        if request_id is not None:
            kind, about = self._asked.pop(request_id)
            self._take_answer(kind, about, message)
        elif message["type"] == "events":
            self._take_events(message)
        elif message["type"] == "left":
            self.members[message["roomId"]].leave()
        elif message["type"] == "joined":
            raise AssertionError(f"nobody puts clients into rooms here: {message}")

    def _take_events(self, message: Message) -> None:
        member = self.members[message["roomId"]]
        member.take([event for event in message["events"] if "seq" in event])
        for event in message["events"]:
            if "seq" not in event:
                member.take_ephemeral(event)

    def _take_answer(self, kind: str, about: Any, message: Message) -> None:
        if message["type"] == "error":
            self._take_error(kind, about, message)
        elif kind == "connect":
            self.is_connected = True
        elif kind == "join":
            room_id, since = about
            self.members[room_id].join(message, since)
            self.world.ensure_capacity(room_id)
        elif kind in ("leave", "deleteRoom"):
            if about in self.members:
                self.members[about].leave()
        elif kind == "trigger" and about is not None:
            self._take_triggered(about, message)
        elif kind == "getHistory":
            self.members[message["roomId"]].check_page(message, about)

    def _take_triggered(self, publication: Publication, message: Message) -> None:
        before = publication.answer
        if before is not None:
            place = (message["seq"], message["timestamp"])
            assert (before["seq"], before["timestamp"]) == place, f"{publication} got {message}"
        elif not message.get("duplicate"):
            assert message["seq"] > publication.floor, f"{publication} got {message}, behind what came after it"
        publication.answer = message
        room_id = publication.room_id
        self.world.answered[room_id] = max(self.world.answered.get(room_id, 0), message["seq"])

    def _take_error(self, kind: str, about: Any, message: Message) -> None:
        allowed = {"UNAVAILABLE", "NOT_JOINED", "ROOM_NOT_FOUND", *_ERRORS.get(kind, ())}
        assert message["code"] in allowed, f"{self.user_id} asked {kind} {about}: {message}"
        if isinstance(about, Publication):
            about.refusals += 1
