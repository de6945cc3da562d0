"""One WebSocket from its first frame to its close."""

from __future__ import annotations

import logging
from collections.abc import Callable
from secrets import token_urlsafe

from anyio import CancelScope, create_task_group, move_on_after, sleep, sleep_forever
from anyio import Event as Signal
from litestar import WebSocket
from litestar.exceptions import WebSocketDisconnect

from ...application.hooks.client import Client
from ...application.hooks.run_hook import Call
from ...application.ports.authenticator import claims_of
from ...application.sessions.frame import SERVER_FAULT, Closing, Frame
from ...application.sessions.outbox import Outbox
from ...application.sessions.session import Session
from ...domain.errors import DialogueError, InvalidRequest, Unauthenticated
from ...domain.json_value import is_unicode
from ...domain.outcome import Outcome, OutcomeUnknown
from ..wire import requests
from ..wire.frame_reader import FrameReader
from ..wire.frames import RequestId, frame
from . import answers
from .services import Services

MAX_REQUEST_ID = 64
CLOSE_PATIENCE_S = 5.0

logger = logging.getLogger("dialogue.websocket")

NO_CONNECT = Closing(4408, "no connect in time")
FRAME_TOO_LARGE = Closing(1009, "a frame may not be so large")
GONE = Closing(1006, "the client is gone")
NOT_AUTHENTICATED = Closing(4401, "not authenticated")


class Connection:
    """Reads requests one after the other, so that they take effect in the order sent, and writes what the outbox holds.

    Triggers alone are not waited for: they queue in order, and their answers come when they are kept.
    """

    def __init__(self, socket: WebSocket, services: Services) -> None:  # type: ignore[type-arg]
        self._socket = socket
        self._services = services
        self._sending = CancelScope()
        limits = services.limits
        self._outbox = Outbox(limits.max_backlog_frames, limits.max_backlog_bytes, self._sending.cancel)
        self._reader = FrameReader()
        self._id = token_urlsafe(12)
        self._session: Session | None = None
        self._in_flight = 0
        self._landed = Signal()

    async def run(self) -> None:
        """Serve the accepted socket until either side ends it."""
        self._services.hub.attach(self._outbox)
        try:
            async with create_task_group() as tasks:
                tasks.start_soon(self._write, tasks.cancel_scope.cancel)
                tasks.start_soon(self._await_connect)
                await self._read()
                tasks.cancel_scope.cancel()
        finally:
            self._outbox.abort(GONE)
            if self._session is not None:
                self._services.hub.disconnect(self._session)
            self._services.hub.detach(self._outbox)

    async def _await_connect(self) -> None:
        await sleep(self._services.limits.connect_timeout_s)
        if self._session is None:
            self._outbox.finish(NO_CONNECT)

    async def _write(self, finished: Callable[[], None]) -> None:
        try:
            # Left when the outbox is aborted, too: a client that does not read would hold the writer in its frame.
            with self._sending:
                while isinstance(item := await self._outbox.next(), Frame):
                    await self._socket.send({"type": "websocket.send", "text": item.text, "bytes": None})
            closing = self._outbox.closing
            assert closing is not None, "the writer ends when the outbox does"
            with move_on_after(CLOSE_PATIENCE_S):
                await self._socket.close(closing.code, closing.reason)
        except (WebSocketDisconnect, OSError, RuntimeError):
            pass  # the peer is gone; the reader ends the connection
        finally:
            finished()

    async def _read(self) -> None:
        while not self._outbox.is_closed:
            try:
                message = await self._socket.receive()
            except WebSocketDisconnect:
                return
            if message["type"] == "websocket.disconnect":
                return
            await self._outbox.relief()
            await self._handle(message.get("text"))  # type: ignore[arg-type]
        await sleep_forever()  # the writer sends what is left, closes, and cancels

    async def _handle(self, text: str | None) -> None:
        request_id: RequestId = None
        try:
            if text is None:
                raise InvalidRequest.field("frame", "must be text, not binary")
            if self._is_too_large(text):
                self._outbox.abort(FRAME_TOO_LARGE)
                return
            message = self._reader.read(text)
            request_id = _request_id(message)
            self._reader.refuse_repeats(message)
            await self._dispatch(message, request_id)
        except DialogueError as error:
            self._answer_error(error, request_id)
        except Exception:
            logger.exception("a request failed")
            self._outbox.abort(SERVER_FAULT)

    def _is_too_large(self, text: str) -> bool:
        # Servers bound what they read; this is for one that was not told to.
        limit = self._services.limits.max_frame
        return len(text) > limit or (len(text) * 4 > limit and len(text.encode("utf-8", "replace")) > limit)

    async def _dispatch(self, message: dict[str, object], request_id: RequestId) -> None:
        kind = message.get("type")
        if kind == "connect":
            await self._connect(requests.parse(requests.Connect, message), request_id)
            return
        answer = answers.BY_TYPE.get(kind) if isinstance(kind, str) else None
        if answer is None and kind != "trigger":
            raise InvalidRequest.field("type", f"must be one of {', '.join(['connect', 'trigger', *answers.BY_TYPE])}")
        session = self._session
        if session is None:
            raise Unauthenticated("The first request must be connect")
        if answer is None:
            await self._trigger(session, requests.parse(requests.Trigger, message), request_id)
        else:
            await answer(self._services, session, message, request_id)

    async def _connect(self, request: requests.Connect, request_id: RequestId) -> None:
        if self._session is not None:
            raise InvalidRequest.field("type", "must not be connect twice")
        services = self._services
        try:
            claims = claims_of(self._socket.scope, request.auth)
            user_id = await services.authenticator.authenticate(claims, self._id)
        except Unauthenticated as error:
            self._answer_error(error, request_id)
            self._outbox.finish(NOT_AUTHENTICATED)
            return
        session = Session(session_id=self._id, user_id=user_id, codec=services.codec, outbox=self._outbox)
        self._session = session
        services.hub.connect(session)
        seconds = services.limits.heartbeat_s
        heartbeat = int(seconds) if seconds.is_integer() else seconds
        self._outbox.put(frame("connected", request_id, clientId=self._id, userId=user_id, heartbeat=heartbeat))
        await self._run_hook(session)

    async def _run_hook(self, session: Session) -> None:
        hook = self._services.hooks.on_connected
        if hook is not None:
            call = Call(hook, (Client(session, self._services.join),), f"on_connected for {session.user_id!r}")
            await self._services.run_hook.contained(call)

    async def _trigger(self, session: Session, request: requests.Trigger, request_id: RequestId) -> None:
        while self._in_flight >= self._services.limits.max_in_flight:
            self._landed = Signal()
            await self._landed.wait()
        self._in_flight += 1
        settled = False

        def settle(outcome: Outcome) -> None:
            nonlocal settled
            settled = True
            self._land()
            self._answer_trigger(outcome, request, request_id)

        try:
            await self._services.publish.from_session(
                session, request.room_id, request.event, request.data, request.meta, request.key, settle
            )
        except BaseException:
            if not settled:
                self._land()
            raise

    def _land(self) -> None:
        self._in_flight -= 1
        self._landed.set()

    def _answer_trigger(self, outcome: Outcome, request: requests.Trigger, request_id: RequestId) -> None:
        if isinstance(outcome, OutcomeUnknown):
            self._outbox.finish(SERVER_FAULT)
        elif isinstance(outcome, DialogueError):
            self._answer_error(outcome, request_id)
        else:
            self._outbox.put(answers.triggered(outcome, request, request_id))

    def _answer_error(self, error: DialogueError, request_id: RequestId) -> None:
        self._outbox.put(answers.error(error, request_id))


def _request_id(message: dict[str, object]) -> RequestId:
    if "id" not in message:
        return None
    request_id = message["id"]
    if isinstance(request_id, int) and not isinstance(request_id, bool):
        return request_id
    if isinstance(request_id, str) and len(request_id) <= MAX_REQUEST_ID and is_unicode(request_id):
        return request_id
    raise InvalidRequest.field("id", f"must be a text of at most {MAX_REQUEST_ID} characters, or an integer")
