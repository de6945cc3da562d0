"""One client's connection, as the services see it."""

from __future__ import annotations

from collections.abc import Sequence

from anyio import Event as Signal

from ...domain.errors import NotJoined
from ...domain.event import Event, weight
from ...domain.names import REDACTED
from ...domain.seen_above import is_seen_above
from ..hooks.run_hook import Turn
from ..ports.authenticator import Identity
from ..ports.codec import Codec
from ..ports.peer import UNKNOWN, Peer
from .frame import Frame
from .outbox import Outbox


class Membership:
    """A session in a room: the names that it receives, and what is held back while its join is being answered.

    Redactions are received whatever the names: they change events that a client may show already.

    Events are held, not frames, and those of `or_else` too, the names of an earlier join: where this join fails, what
    came meanwhile is sent as the earlier one has it.

    What has no larger seq than `floor` is not for this session to know, nor that it is blank; 0 where all is.
    """

    __slots__ = ("_may_want", "answered_to", "floor", "has_let_go", "held", "held_size", "names", "told_size")

    def __init__(
        self, names: frozenset[str], *, holds_back: bool = False, or_else: frozenset[str] = frozenset()
    ) -> None:
        self.names = names | {REDACTED}
        self.floor = 0
        self.answered_to = 0  # the join's answer holds every event up to this seq
        self.held: list[Sequence[Event]] | None = [] if holds_back else None
        self.held_size = 0
        self.has_let_go = False
        self.told_size: tuple[int, int | None] | None = None  # sessions and users in the room, as it was told
        self._may_want = self.names | or_else

    def hold(self, events: Sequence[Event]) -> None:
        """Keep a batch for the moment in which the join is answered, or has failed."""
        wanted = [event for event in events if event.name in self._may_want]
        if wanted and self.held is not None:
            self.held.append(wanted)
            self.held_size += sum(map(weight, wanted))

    def let_go(self) -> None:
        """Drop what is held, and hold what comes from now on."""
        self.held, self.held_size = [], 0
        self.has_let_go = True

    def is_news(self, event: Event) -> bool:
        """Whether the event is newer than what the join's answer holds."""
        return event.seq is None or event.seq > self.answered_to

    def take_held(self) -> Sequence[Sequence[Event]]:
        """What was held back; nothing is from now on."""
        held, self.held = self.held or (), None
        return held


class Session:
    """A connected client: who it is, its rooms, and its outbox.

    It compares and hashes by identity, so collections of sessions keep them in order of arrival.
    """

    __slots__ = (
        "_hook_turn",
        "codec",
        "has_ended",
        "id",
        "identity",
        "memberships",
        "only_room",
        "outbox",
        "peer",
        "renewing",
        "user_id",
    )

    def __init__(
        self, *, session_id: str, identity: Identity, codec: Codec, outbox: Outbox, peer: Peer = UNKNOWN
    ) -> None:
        self.id = session_id
        self.identity = identity
        self.renewing: Signal | None = None
        self.user_id = identity.user_id
        self.peer = peer
        self.codec = codec
        self.outbox = outbox
        self.memberships: dict[str, Membership] = {}
        self.has_ended = False
        self.only_room: str | None = None  # a stream is bound to one
        self._hook_turn: Turn | None = None

    @property
    def hook_turn(self) -> Turn:
        """In which the hooks are called that its requests have to wait for."""
        if self._hook_turn is None:
            self._hook_turn = Turn()
        return self._hook_turn

    def membership(self, room_id: str) -> Membership:
        """This session's place in the room; raises NotJoined."""
        found = self.memberships.get(room_id)
        if found is None:
            raise NotJoined(room_id)
        return found

    def renew(self, identity: Identity) -> None:
        """Go on under a newer identity of the same user."""
        self.identity = identity
        if self.renewing is not None:
            self.renewing.set()
            self.renewing = None

    async def renewed(self) -> None:
        """Return when it goes on under a newer identity."""
        self.renewing = self.renewing or Signal()
        await self.renewing.wait()

    def hold_back(self, membership: Membership, events: Sequence[Event]) -> None:
        """Keep a room's live events while the join is being answered: no more than the outbox would take.

        Where there are more they are dropped, and the join has to read the room again.
        """
        membership.hold(events)
        if self.outbox.is_exceeded_by(len(membership.held or ()), membership.held_size):
            membership.let_go()

    def send(self, frames: Sequence[Frame]) -> None:
        """Send a room's live frames."""
        for frame in frames:
            self.outbox.put(frame)

    def release(self, membership: Membership, held: Sequence[Sequence[Event]]) -> None:
        """Send those of the events that were held back which the membership receives, and its answer does not hold."""
        for events in held:
            chosen = [event for event in events if event.name in membership.names and membership.is_news(event)]
            if membership.floor:
                chosen = [event for event in chosen if is_seen_above(event, membership.floor)]
            if chosen:
                self.send(self.codec.events(chosen[0].room_id, chosen))
