"""Users' own floors in a room, and what they cost the others."""

from __future__ import annotations

import pytest

from dialogue.domain.event import Event
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.names import REDACTED
from dialogue.domain.redaction import Redaction
from dialogue.domain.room import RoomConfig
from dialogue.domain.seen_above import is_seen_above, lowest_named

from .node import MemoryNode, ReadableCodec, transport_of

MESSAGE = define_event("message", history=History(limit=10))
ROOMS = {"vault": RoomConfig(name="Vault", events=[MESSAGE], history_visible="since_join")}

pytestmark = pytest.mark.anyio


async def test_an_event_is_encoded_once_for_all_who_may_know_of_it() -> None:
    """And what some may not know of once for each of their floors."""
    codec = ReadableCodec()
    async with MemoryNode(ROOMS, codec=codec).running() as node:
        sessions = []
        for number in range(5):
            session = node.session(f"user-{number}")
            await node.join(session, "vault")
            node.join.release(session, "vault")
            sessions.append(session)
            await node.publish("vault", "message", number, sender="ada")
        before = codec.encoded
        await node.publish("vault", "message", "to all", sender="ada")
        assert codec.encoded == before + 1
        await node.redact("vault", 3, by="ada")
        heard = [[frame.text for frame in transport_of(session).read()] for session in sessions]
        assert ["dialogue.redacted:7" in words for words in heard] == [True, True, True, False, False]
        assert all("message:6" in words for words in heard)


def test_what_tells_of_a_redaction_names_the_event_that_is_blank() -> None:
    told = Event(
        room_id="r", name=REDACTED, payload=b'{"seq":3,"by":"ada"}', sender="ada", timestamp_ms=1, seq=7, event_seq=1
    )
    blank = Event(
        room_id="r", name=REDACTED, payload=b"null", sender="ada", timestamp_ms=1, seq=8, event_seq=2, is_redacted=True
    )
    passing = Event(room_id="r", name="typing", payload=b"1", sender="ada", timestamp_ms=1)
    assert Redaction.told_by(told).seq == 3
    assert [is_seen_above(told, floor) for floor in (2, 3, 6, 7)] == [True, False, False, False]
    assert [is_seen_above(blank, floor) for floor in (7, 8)] == [True, False]
    assert is_seen_above(passing, 100)
    assert lowest_named([passing, blank, told]) == 3
    assert lowest_named([passing]) == float("inf")
