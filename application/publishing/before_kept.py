"""What happens to a user's events between their admission and the journal, where the application has a say."""

from __future__ import annotations

from dataclasses import replace

from anyio import Event as Signal

from ...domain.draft import Draft
from ...domain.draft_group import DraftGroup
from ...domain.errors import EventRejected, InvalidRequest
from ...domain.idempotency_key import key_id
from ...domain.outcome import GroupOutcome, Repeat
from ...domain.ports.key_index import KeyIndex
from ...domain.room import Room
from ..feed.submission import Settle
from ..hooks.run_hook import Turn
from ..ports.authenticator import Identity
from ..ports.clock import Clock
from ..sessions.session import Session
from .admission import Admission
from .before_each import AskBeforeEach
from .journal import Journal


class BeforeKept:
    """Looks a group's key up, since a repeat runs no hook, and asks `before_each` about each of its events.

    Of two groups with one key the second waits for what becomes of the first. Over several nodes both may be asked
    about; the archive keeps one of them all the same.
    """

    def __init__(self, ask: AskBeforeEach, keys: KeyIndex, clock: Clock, admission: Admission) -> None:
        self._ask = ask
        self._keys = keys
        self._clock = clock
        self._admission = admission
        self._under_way: dict[bytes, Signal] = {}

    async def __call__(
        self, room: Room, group: DraftGroup, user: Identity, turn: Turn | None = None
    ) -> DraftGroup | Repeat:
        """The group as it is to be kept, or the place of what was kept for its key before.

        Of a group that is given back the caller says when it has `settled`. Raises EventRejected, of a batch with the
        event's place in it, InvalidRequest for a key that was used for something else, and Unavailable.
        """
        await self._begin(group)
        try:
            used = None if group.key is None else await self._keys.outcome(group, self._clock.now_ms())
            if isinstance(used, InvalidRequest):
                raise used
            if used is not None:
                self.settled(group)
                return used
            drafts = [await self._asked(room, group, place, user, turn) for place in range(len(group.drafts))]
            if len(drafts) > 1:
                self._admission.ensure_together(drafts)
        except BaseException:
            self.settled(group)
            raise
        return replace(group, drafts=tuple(drafts))

    async def put(self, journal: Journal, room: Room, group: DraftGroup, session: Session, settle: Settle) -> None:
        """Ask for a session's group, and queue it; `settle` is called once with the outcome, where it is a repeat now.

        Raises what asking raises.
        """
        judged = await self(room, group, session.identity, session.hook_turn)
        if isinstance(judged, Repeat):
            settle(judged)
            return

        def settled(outcome: GroupOutcome) -> None:
            self.settled(judged)
            settle(outcome)

        try:
            await journal.put(judged, settled)
        except BaseException:
            self.settled(judged)
            raise

    def settled(self, group: DraftGroup) -> None:
        """It is known what became of the group: whoever waits with the same key can look it up."""
        if group.key is not None:
            under_way = self._under_way.pop(_id(group), None)
            if under_way is not None:
                under_way.set()

    async def _begin(self, group: DraftGroup) -> None:
        if group.key is None:
            return
        while (under_way := self._under_way.get(_id(group))) is not None:
            await under_way.wait()
        self._under_way[_id(group)] = Signal()

    async def _asked(self, room: Room, group: DraftGroup, place: int, user: Identity, turn: Turn | None) -> Draft:
        try:
            return await self._ask(room, group.drafts[place], user, turn)
        except EventRejected as rejected:
            if len(group.drafts) > 1:
                rejected.details = {"path": f"events[{place}]"}
            raise


def _id(group: DraftGroup) -> bytes:
    assert group.key is not None
    return key_id(group.room_id, group.epoch, group.sender, group.key.text)
