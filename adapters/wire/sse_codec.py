"""Server-sent events, as the HTML standard has them (section 9.2, "Server-sent events")."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ...application.sessions.answers import Answer
from ...application.sessions.frame import Frame
from ...application.sessions.join_room import Joined
from ...application.sessions.notice import Notice, TakenOut
from ...application.sessions.requests import RequestId
from ...domain.event import Event
from .frames import event_bytes, in_runs, json_bytes, wire_position

PING = Frame(b": ping\n\n")


class SseCodec:
    """Encodes for streams of server-sent events.

    An event is one message without a name, so that an EventSource gives it to `onmessage`: its JSON in one `data:`
    line, and its position as `id:`, which the client sends back as `Last-Event-ID`. `epoch_of` knows the life of a
    room that is open.
    """

    def __init__(self, max_out_frame: int, epoch_of: Callable[[str], str | None]) -> None:
        self._max_out_frame = max_out_frame
        self._epoch_of = epoch_of

    def events(self, room_id: str, events: Sequence[Event]) -> list[Frame]:
        """See `Codec.events`."""
        messages = _messages(events, self._epoch_of(room_id))
        return [Frame(b"".join(run)) for run in in_runs(messages, 0, self._max_out_frame)]

    def answer(self, answer: Answer, _request_id: RequestId) -> Frame:
        """See `ClientCodec.answer`: a stream asks for its join alone, which it begins with."""
        if not isinstance(answer, Joined):
            raise TypeError(f"a stream asks for nothing that is answered with {answer!r}")
        return Frame(b"".join(_opening(answer)))

    def notice(self, notice: Notice) -> Frame:
        """See `Codec.notice`: a stream is in one room, and hears only of its own end there."""
        if isinstance(notice, TakenOut):
            return Frame(_named("left", {"roomId": notice.room_id, "reason": notice.reason}), is_last=True)
        return Frame(b": %b\n\n" % type(notice).__name__.encode())


def _opening(joined: Joined) -> Iterable[bytes]:
    """What a stream begins with: whether it goes on where the client was, and the history, oldest first.

    The first message moves the client's position only where no history follows: a client that is cut off right behind
    it must ask for that history again.
    """
    fields = {
        "recovered": bool(joined.recovered),
        "roomId": joined.room.id,
        "events": joined.events,
        "position": wire_position(joined.position),
        "hasMore": joined.has_more,
    }
    epoch, seq = joined.position.epoch, joined.position.seq
    yield _named("recovered", fields, b"" if joined.history else _id(epoch, seq))
    yield from _messages(reversed(joined.history), epoch)


def _messages(events: Iterable[Event], epoch: str | None) -> Iterable[bytes]:
    for event in events:
        place = b"" if event.seq is None or epoch is None else _id(epoch, event.seq)
        # Between the tokens of JSON a line may end; inside of its texts it cannot.
        yield b"%bdata: %b\n\n" % (place, event_bytes(event).replace(b"\n", b" ").replace(b"\r", b" "))


def _named(name: str, fields: dict[str, object], place: bytes = b"") -> bytes:
    return b"event: %b\n%bdata: %b\n\n" % (name.encode(), place, json_bytes(fields))


def _id(epoch: str, seq: int) -> bytes:
    return b"id: %b-%d\n" % (epoch.encode(), seq)
