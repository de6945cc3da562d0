"""A room: what it allows, and the mistakes in it that are told at start."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from dialogue.domain.draft import Draft
from dialogue.domain.errors import ConfigurationError, EventNotAllowed, InvalidEvent, InvalidRequest, RoomFull
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.room import MAX_META_SIZE, Room, RoomConfig
from dialogue.domain.room_checks import MAX_SYNC


class ChatMessage(BaseModel):
    text: str


MESSAGE = define_event("message", schema=ChatMessage, history=History(limit=5))
NOTE = define_event("note", history=History(limit=5))
TYPING = define_event("typing")


def a_room(**fields: Any) -> Room:
    return Room.configured("general", RoomConfig(name="General", events=[MESSAGE, TYPING, NOTE], **fields))


def refused(config: RoomConfig, room_id: Any = "general") -> str:
    with pytest.raises(ConfigurationError) as refusal:
        Room.configured(room_id, config)
    return str(refusal.value)


def test_a_room_is_what_its_configuration_says() -> None:
    room = a_room(description="For all", max_size=3, sync_history_on_join=True, default_subscriptions=["note"])
    assert (room.id, room.name, room.description, room.max_size) == ("general", "General", "For all", 3)
    assert room.sync_history_on_join is True
    assert room.default_subscriptions == {"note"}
    assert room.is_configured
    assert room.created_by_id is None
    assert room.names_with_history == ("message", "note")


def test_a_room_without_default_subscriptions_subscribes_to_all_its_events() -> None:
    assert a_room().default_subscriptions == {"message", "typing", "note"}


def test_a_room_may_subscribe_its_members_to_nothing() -> None:
    assert a_room(default_subscriptions=[]).default_subscriptions == frozenset()


def test_the_events_of_a_room_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        a_room().definitions["more"] = TYPING  # type: ignore[index]


class TestAdmitting:
    def test_an_event_becomes_a_draft_in_the_rooms_life(self) -> None:
        draft = a_room().admit("message", {"text": "hi"}, sender="ada", epoch="e1", meta={"tag": 1})
        assert draft == Draft(
            room_id="general",
            epoch="e1",
            name="message",
            payload=b'{"text":"hi"}',
            sender="ada",
            meta=b'{"tag":1}',
            has_history=True,
        )

    def test_an_event_without_history_is_a_draft_that_is_not_kept(self) -> None:
        assert not a_room().admit("typing", None, sender="ada", epoch="e1").has_history

    def test_an_unknown_event_is_refused_with_the_names_that_are_allowed(self) -> None:
        with pytest.raises(EventNotAllowed) as refusal:
            a_room().admit("shout", {}, sender="ada", epoch="e1")
        assert refusal.value.allowed == ("message", "typing", "note")

    def test_a_wrong_payload_is_refused_with_its_path(self) -> None:
        with pytest.raises(InvalidEvent) as refusal:
            a_room().admit("message", {"text": 1}, sender="ada", epoch="e1")
        assert [problem.path for problem in refusal.value.problems] == ["data.text"]

    def test_meta_that_no_archive_keeps_is_refused_with_its_path(self) -> None:
        with pytest.raises(InvalidEvent) as refusal:
            a_room().admit("typing", None, sender="ada", epoch="e1", meta={"tag": ["\0"]})
        assert [problem.path for problem in refusal.value.problems] == ["meta.tag[0]"]

    def test_meta_is_at_most_4_kib_of_json_in_utf8(self) -> None:
        overhead = len('{"tag":""}')
        fits = {"tag": "é" * ((MAX_META_SIZE - overhead) // 2)}
        draft = a_room().admit("typing", None, sender="ada", epoch="e1", meta=fits)
        assert draft.meta is not None
        assert len(draft.meta) == MAX_META_SIZE
        with pytest.raises(InvalidEvent, match="at most 4096 bytes of JSON, not 4097"):
            a_room().admit("typing", None, sender="ada", epoch="e1", meta={"tag": fits["tag"] + "x"})

    def test_empty_meta_is_meta(self) -> None:
        assert a_room().admit("typing", None, sender="ada", epoch="e1", meta={}).meta == b"{}"


class TestNamesOfEvents:
    def test_no_names_are_the_default_subscriptions(self) -> None:
        assert a_room(default_subscriptions=["note"]).subscription(None) == {"note"}

    def test_a_star_is_all_names_also_among_others(self) -> None:
        assert a_room().subscription(["*"]) == {"message", "typing", "note"}
        assert a_room().subscription(["note", "*"]) == {"message", "typing", "note"}

    def test_names_are_themselves_and_none_is_none(self) -> None:
        assert a_room().subscription(["note", "note"]) == {"note"}
        assert a_room().subscription([]) == frozenset()

    def test_a_subscription_to_an_unknown_name_is_refused(self) -> None:
        with pytest.raises(EventNotAllowed, match="'shout' is not one of the room's events"):
            a_room().subscription(["note", "shout"])

    def test_names_are_told_in_the_order_of_the_room(self) -> None:
        assert a_room().in_order({"note", "message", "unknown"}) == ["message", "note"]

    def test_events_with_history_are_kept_and_redactions_with_them(self) -> None:
        a_room().ensure_kept("note")
        a_room().ensure_kept("dialogue.redacted")

    def test_history_of_a_name_without_history_is_refused_with_those_that_have_some(self) -> None:
        with pytest.raises(EventNotAllowed, match="'typing' has no history") as refusal:
            a_room().ensure_kept("typing")
        assert refusal.value.allowed == ("message", "note")

    def test_history_of_an_unknown_name_is_refused(self) -> None:
        with pytest.raises(EventNotAllowed, match="'shout' is not one of the room's events"):
            a_room().ensure_kept("shout")


class TestSpace:
    def test_a_room_has_space_for_exactly_as_many_sessions_as_it_says(self) -> None:
        room = a_room(max_size=2)
        room.ensure_space(0)
        room.ensure_space(1)
        with pytest.raises(RoomFull, match="'general' is full"):
            room.ensure_space(2)

    def test_a_room_without_a_maximum_is_never_full(self) -> None:
        a_room().ensure_space(10**9)


class TestMistakes:
    def test_two_events_of_one_name_are_refused_with_the_room_and_the_name(self) -> None:
        told = refused(RoomConfig(name="General", events=[NOTE, define_event("note")]))
        assert told == "Room 'general': two events are named 'note'"

    def test_an_unknown_default_subscription_is_refused_with_the_names_that_there_are(self) -> None:
        told = refused(RoomConfig(name="General", events=[NOTE, TYPING], default_subscriptions=["nope"]))
        assert "'general'" in told
        assert "'nope', which is not among its events (note, typing)" in told

    @pytest.mark.parametrize("event", ["message", None, ChatMessage])
    def test_what_is_no_event_definition_is_refused(self, event: Any) -> None:
        assert "events must be made by define_event" in refused(RoomConfig(name="General", events=[event]))

    @pytest.mark.parametrize("room_id", ["", " a", "a\n", "x" * 256, 7])
    def test_a_room_id_that_cannot_be_is_refused(self, room_id: Any) -> None:
        assert refused(RoomConfig(name="General", events=[]), room_id).startswith(f"The room id {room_id!r} must ")

    @pytest.mark.parametrize("name", ["", "a\n", "x" * 256, None])
    def test_a_room_name_that_cannot_be_is_refused_with_the_room(self, name: Any) -> None:
        assert refused(RoomConfig(name=name, events=[])).startswith("Room 'general': name must ")

    @pytest.mark.parametrize("size", [0, -1, True, "5", 1.5])
    def test_a_maximum_that_is_no_count_is_refused(self, size: Any) -> None:
        told = refused(RoomConfig(name="General", events=[], max_size=size))
        assert told == f"Room 'general': max_size must be an integer from 1 on, not {size!r}"

    @pytest.mark.parametrize("sync", [-1, MAX_SYNC + 1, "all", None, 1.5])
    def test_a_number_of_events_to_sync_that_cannot_be_is_refused(self, sync: Any) -> None:
        told = refused(RoomConfig(name="General", events=[], sync_history_on_join=sync))
        assert told == f"Room 'general': sync_history_on_join must be True, False or 0 to 1000, not {sync!r}"

    @pytest.mark.parametrize("sync", [0, MAX_SYNC, True, False])
    def test_any_number_of_events_to_sync_up_to_a_page_is_fine(self, sync: Any) -> None:
        assert a_room(sync_history_on_join=sync).sync_history_on_join == sync


def test_a_key_needs_an_event_with_history() -> None:
    with pytest.raises(InvalidRequest) as caught:
        a_room().key("k", "typing", None, None)
    assert [problem.path for problem in caught.value.problems] == ["key"]
    room, sent = a_room(), {"text": "hi"}
    key = room.key("k", "message", sent, None)
    assert key == a_room().key("k", "message", sent, None)
    assert key == room.key("k", "message", sent, None, room.admit("message", sent, sender="ada", epoch="e"))


def test_a_configured_room_may_be_somebodys() -> None:
    room = Room.configured("hall", RoomConfig(name="Hall", events=[], created_by_id="ada"))
    assert (room.created_by_id, room.is_configured) == ("ada", True)
    with pytest.raises(ConfigurationError, match="created_by_id"):
        Room.configured("hall", RoomConfig(name="Hall", events=[], created_by_id=""))
