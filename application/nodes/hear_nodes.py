"""Hearing what other nodes tell."""

from __future__ import annotations

import logging

from ..feed.apply_events import ApplyEvents
from ..feed.hub import Hub
from ..feed.submission import Passing
from ..sessions.notice import Marked
from .catch_up import CatchUp
from .notices import CrowdsChanged, EventPassed, Notice, RoomMoved, RoomsChanged, UserRead, decoded
from .own_notices import OwnNotices
from .poll_moves import PollMoves
from .share_crowds import ShareCrowds

MAX_ORIGINS = 10_000
"""Of so many runs of nodes the last number is remembered."""

logger = logging.getLogger("dialogue.nodes")


class HearNodes:
    """`BusReceiver`: what is told of the storage makes this node look there at once, and everything else is passed on.

    A notice may come twice, late, or never. What only a notice tells (an event without history, a mark) is taken once,
    and not from one that comes behind a later one of the same node: so nobody is sent anything twice, or in the wrong
    order. What is left out by that is lost, as it is with a connection that breaks.
    """

    def __init__(
        self, own: OwnNotices, poll: PollMoves, catch_up: CatchUp, apply: ApplyEvents, hub: Hub, crowds: ShareCrowds
    ) -> None:
        self._crowds = crowds
        self._own = own
        self._poll = poll
        self._catch_up = catch_up
        self._apply = apply
        self._hub = hub
        self._numbers: dict[str, int] = {}

    def connected(self) -> None:
        """See `BusReceiver`."""
        self._poll.wake()

    def receive(self, notice: bytes) -> None:
        """See `BusReceiver`."""
        heard = decoded(notice)
        if heard is None:
            logger.warning("a notice of %d bytes on the bus is none of ours, and is passed over", len(notice))
        elif heard.origin == self._own.origin:
            self._own.came_back(heard.number)
        else:
            try:
                self._take(heard, is_next=self._is_next(heard))
            except Exception:
                logger.exception("a notice of another node could not be taken; the next poll finds what it told")

    def _is_next(self, heard: Notice) -> bool:
        last = self._numbers.pop(heard.origin, 0)
        self._numbers[heard.origin] = max(last, heard.number)
        if len(self._numbers) > MAX_ORIGINS:
            del self._numbers[next(iter(self._numbers))]
        return heard.number > last

    def _take(self, heard: Notice, *, is_next: bool) -> None:
        for news in heard:
            match news:
                case RoomMoved(room_id=room_id, epoch=epoch, head=head):
                    self._catch_up.hear(room_id, epoch, head)
                case CrowdsChanged(room_ids=room_ids):
                    self._crowds.hear(room_ids)
                case RoomsChanged():
                    self._poll.wake()
                case EventPassed(room_id=room_id) if is_next:
                    self._apply.pass_on(room_id, Passing((news.told,), news.behind))
                case UserRead(user_id=user_id, room_id=room_id, seq=seq, unread=unread) if is_next:
                    self._hub.tell_user(user_id, Marked(room_id=room_id, seq=seq, unread=unread))
