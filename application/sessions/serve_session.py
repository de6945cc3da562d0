"""Serving one client from its first request to its end."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from math import inf
from secrets import token_urlsafe
from typing import Protocol

from anyio import create_task_group, sleep
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from ...domain.errors import DialogueError, InvalidRequest, RateLimited, Unauthenticated
from ...domain.event import Event
from ...domain.outcome import GroupOutcome, OutcomeUnknown, Repeat, of_one
from ..deadline import move_deadline
from ..feed.hub import Hub
from ..log_fields import log_about
from ..ports.codec import Codec
from ..ports.peer import Peer
from ..ports.transport import Transport
from ..publishing.publish_batch import PublishBatch
from ..publishing.publish_event import PublishEvent
from .admit_client import AdmitClient
from .answer_request import AnswerRequest, Reply
from .answers import Answer, Connected, Refreshed, Refused, Triggered, TriggeredBatch
from .client_pace import ClientPace
from .frame import SERVER_FAULT, Closing, Frame
from .identities import ENDED, ends_at_ms
from .in_flight import InFlight
from .limits import SessionLimits
from .outbox import Outbox
from .requests import Asked, Connect, Refresh, RequestId, SessionRequest, Trigger, TriggerBatch, Unfit
from .session import Session

A_TURN = 16_384
"""So many bytes of requests and answers a connection gets for each turn of the loop that it leaves to others."""
LEAST = 1_024
"""A request counts for so many at least, a small answer included: sixteen small ones are a turn."""

NO_CONNECT = Closing(4408, "no connect in time")
NOT_AUTHENTICATED = Closing(4401, "not authenticated")
TOO_MANY = Closing(4429, "too many requests")
WARNED_S = 0.05
"""For so long nothing more is read of a connection that was told that it asks too fast."""

logger = logging.getLogger("dialogue.session")


class ClientCodec(Codec, Protocol):
    """A codec for clients that ask."""

    def answer(self, answer: Answer, request_id: RequestId) -> Frame:
        """The answer to the request of that id."""
        ...


Receive = Callable[[], Awaitable[Asked | Closing | None]]
"""A client's next request; a Closing to end the connection with, or None where the client has ended it."""

Ending = Callable[[Session], None]
"""Called with a session that ends, while it is still in its rooms."""


class ServeSession:
    """Serves clients, whatever the technology: their requests come decoded, and frames go out on a transport."""

    def __init__(
        self,
        hub: Hub,
        admit: AdmitClient,
        answer: AnswerRequest,
        publish: PublishEvent,
        publish_batch: PublishBatch,
        limits: SessionLimits,
    ) -> None:
        self.hub = hub
        self.admit = admit
        self.answer = answer
        self.publish = publish
        self.publish_batch = publish_batch
        self.limits = limits

    async def __call__(
        self,
        transport: Transport,
        codec: ClientCodec,
        receive: Receive,
        peer: Peer,
        ending: Ending | None = None,
    ) -> None:
        """Serve a client until either side ends it; then its close has been written, where it had to be.

        `ending` is called when it ends, where the client had become a session.
        """
        await _Served(self, transport, codec, peer, ending).run(receive)


class _Served:
    """One client. Its requests are handled one after the other, so that they take effect in the order sent.

    Triggers alone are not waited for: they queue in order, and their answers come when they are kept.
    """

    def __init__(
        self,
        service: ServeSession,
        transport: Transport,
        codec: ClientCodec,
        peer: Peer,
        ending: Ending | None,
    ) -> None:
        self._service = service
        self._limits = service.limits
        self._codec = codec
        self._peer = peer
        self._ending = ending
        self._pace = service.admit.pace(peer, self._limits.warnings)
        self._outbox = Outbox(transport, service.limits.backlog)
        self._in_flight = InFlight(service.limits.max_in_flight)
        self._id = token_urlsafe(12)
        self._session: Session | None = None
        self._has_left = False
        self._tasks: TaskGroup | None = None
        self._ends = False
        self._spent = 0  # bytes, since others had their turn
        self._asked: Asked | None = None

    async def run(self, receive: Receive) -> None:
        log_about(self._log_fields)
        self._service.hub.attach(self._outbox)
        try:
            async with create_task_group() as tasks:
                self._tasks = tasks
                # What comes wakes a task of its own: woken in this one, it would pass down through every layer of the
                # server and of its frameworks, each time.
                tasks.start_soon(self._read, receive, tasks.cancel_scope.cancel)
                tasks.start_soon(self._await_connect)
                await self._outbox.run(self._leave)
                tasks.cancel_scope.cancel()
        finally:
            self._leave()
            self._outbox.give_up()
            self._service.hub.detach(self._outbox)

    def _log_fields(self) -> dict[str, object]:
        user = {} if self._session is None else {"user": self._session.user_id}
        return {"session": self._id, **user, **({} if self._asked is None else self._asked.log_fields())}

    def _leave(self) -> None:
        session = self._session
        if session is None or self._has_left:
            return
        self._has_left = True
        if self._ending is not None and not session.has_ended:
            self._ending(session)
        self._service.admit.leave(session)

    async def _await_connect(self) -> None:
        await sleep(self._limits.connect_timeout_s)
        if self._session is None:
            self._outbox.finish(NO_CONNECT)

    async def _read(self, receive: Receive, gone: Callable[[], None]) -> None:
        has_hooks = self._service.admit.has_hooks
        while not self._outbox.is_closed:
            await self._outbox.relief()
            asked = await receive()
            if asked is None:
                gone()
                return
            if isinstance(asked, Closing):
                self._outbox.abort(asked)
            else:
                move_deadline(asked.arrived_at + self._limits.request_timeout_s)
                await self._handle(asked)
                if has_hooks and self._session is not None:
                    move_deadline(inf)
                    await self._service.admit.settled(self._session)
                self._spent += asked.size if asked.size > LEAST else LEAST
                if self._spent >= A_TURN:
                    await self._let_others()
        # The writer sends what is left, and closes.

    async def _let_others(self) -> None:
        """A turn of the loop for each part of what was asked and answered: whoever asks without pause gets that share
        and no more. Where nobody else has anything to do, turns pass quickly."""
        turns, self._spent = divmod(self._spent, A_TURN)
        for _ in range(turns):
            await checkpoint()

    async def _handle(self, asked: Asked) -> None:
        self._asked = asked
        reply = partial(self._reply, asked.id)
        try:
            if self._pace is not None:
                if self._pace.is_held_up(asked.request):
                    await sleep(WARNED_S)
                self._pace.ensure(asked.request, asked.size, self._session)
            if isinstance(asked.request, DialogueError):
                raise asked.request
            await self._dispatch(asked.request, reply)
        except DialogueError as error:
            self._refuse(error, reply)
            if self._pace is not None and isinstance(error, RateLimited):
                await self._warn(self._pace)
        except Exception:
            logger.exception("a request failed")
            self._outbox.abort(SERVER_FAULT)

    async def _warn(self, pace: ClientPace) -> None:
        if pace.warn():
            self._outbox.finish(TOO_MANY)
        else:
            await sleep(WARNED_S)

    def _refuse(self, error: DialogueError, reply: Reply) -> None:
        self._service.hub.metrics.refused(error.code)
        logger.debug("refused with %s", error.code)
        reply(Refused(error))

    def _reply(self, request_id: RequestId, answer: Answer) -> None:
        frame = self._codec.answer(answer, request_id)
        size = len(frame.data)
        if size > LEAST:
            self._spent += size - LEAST
        if self._pace is not None:
            self._pace.answered(answer, size, self._session)
        self._outbox.put(frame)

    async def _dispatch(self, request: SessionRequest, reply: Reply) -> None:
        if isinstance(request, (Trigger, TriggerBatch)) and self._session is not None:
            await self._trigger(self._session, request, reply)
        elif isinstance(request, Connect):
            await self._connect(request, reply)
        elif self._session is None:
            raise Unauthenticated("The first request must be connect")
        elif isinstance(request, Refresh):
            await self._refresh(self._session, request, reply)
        elif isinstance(request, Unfit):
            raise request.error
        else:
            assert not isinstance(request, (Trigger, TriggerBatch))
            await self._service.answer(self._session, request, reply)

    async def _connect(self, request: Connect, reply: Reply) -> None:
        if self._session is not None:
            raise InvalidRequest.field("type", "must not be connect twice")
        try:
            session = await self._service.admit(self._id, request, self._peer, self._codec, self._outbox)
        except Unauthenticated as error:
            self._refuse(error, reply)
            self._outbox.finish(NOT_AUTHENTICATED)
            return
        except RateLimited as error:
            self._refuse(error, reply)
            self._outbox.finish(TOO_MANY)
            return
        self._session = session
        resumed = await self._service.admit.resume(session, request)
        reply(
            Connected(
                client_id=session.id,
                user_id=session.user_id,
                heartbeat_s=self._limits.heartbeat_s,
                max_frame=self._limits.max_frame,
                expires_at_ms=ends_at_ms(session.identity),
                resumed=resumed,
            )
        )
        self._service.admit.release(session, resumed)
        self._end_in_time(session)
        await self._service.admit.welcome(session)

    async def _refresh(self, session: Session, request: Refresh, reply: Reply) -> None:
        identity = await self._service.admit.identities.renew(session, request.claims)
        reply(Refreshed(ends_at_ms(identity)))
        self._end_in_time(session)

    def _end_in_time(self, session: Session) -> None:
        """See to the end of an identity that has one: those that have none cost no task."""
        if session.identity.expires_at_s is not None and not self._ends and self._tasks is not None:
            self._ends = True
            self._tasks.start_soon(self._end_with_identity, session)

    async def _end_with_identity(self, session: Session) -> None:
        await self._service.admit.identities.ended(session)
        self._outbox.finish(ENDED)

    async def _trigger(self, session: Session, request: Trigger | TriggerBatch, reply: Reply) -> None:
        await self._in_flight.enter()
        settled = False

        def settle(outcome: GroupOutcome) -> None:
            nonlocal settled
            settled = True
            self._in_flight.leave()
            self._answer_trigger(outcome, request, reply)

        try:
            if isinstance(request, Trigger):
                await self._service.publish.from_session(
                    session, request.room_id, request.event, request.data, request.meta, request.key, settle
                )
            else:
                await self._service.publish_batch.from_session(
                    session, request.room_id, request.events, request.key, settle
                )
        except BaseException:
            if not settled:
                self._in_flight.leave()
            raise

    def _answer_trigger(self, outcome: GroupOutcome, request: Trigger | TriggerBatch, reply: Reply) -> None:
        first = of_one(outcome)
        if isinstance(first, OutcomeUnknown):
            self._outbox.finish(SERVER_FAULT)
        elif isinstance(first, DialogueError):
            self._refuse(first, reply)
        else:
            reply(_triggered(first, request) if isinstance(request, Trigger) else _triggered_batch(first, request))


def _triggered_batch(first: Event | Repeat, request: TriggerBatch) -> TriggeredBatch:
    assert first.seq is not None
    return TriggeredBatch(
        room_id=request.room_id,
        timestamp_ms=first.timestamp_ms,
        seqs=range(first.seq, first.seq + len(request.events)),
        is_duplicate=isinstance(first, Repeat),
    )


def _triggered(outcome: Event | Repeat, request: Trigger) -> Triggered:
    return Triggered(
        room_id=request.room_id,
        event=request.event,
        timestamp_ms=outcome.timestamp_ms,
        seq=outcome.seq,
        is_duplicate=isinstance(outcome, Repeat),
    )
