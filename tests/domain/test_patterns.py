"""Events whose names nobody knows beforehand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from dialogue.domain.draft import DraftByPattern
from dialogue.domain.draft_group import DraftGroup, too_many_names
from dialogue.domain.errors import ConfigurationError, EventNotAllowed, InvalidEvent, InvalidRequest
from dialogue.domain.event_definition import EventDefinition, History, define_event
from dialogue.domain.names import REDACTED
from dialogue.domain.patterns import MAX_EVENT_NAMES
from dialogue.domain.room import Room, RoomConfig


class Reading(BaseModel):
    value: float


KEPT = History(limit=5)
READING = define_event("sensor.*", schema=Reading, history=KEPT)
ANY = define_event("*", history=KEPT)
TYPING = define_event("typing")


def a_room(*events: EventDefinition[Any], **fields: Any) -> Room:
    return Room.configured("plant", RoomConfig(name="Plant", events=events or (READING, ANY, TYPING), **fields))


def refused(*events: EventDefinition[Any], **fields: Any) -> str:
    with pytest.raises(ConfigurationError) as refusal:
        a_room(*events, **fields)
    return str(refusal.value)


class TestDefinitions:
    def test_a_name_goes_by_its_own_definition_before_any_pattern_and_by_the_longest_of_these(self) -> None:
        longer = define_event("sensor.kitchen.*")
        room = a_room(ANY, longer, READING, TYPING)
        assert room.definition("typing") is TYPING
        assert room.definition("sensor.kitchen.oven") is longer
        assert room.definition("sensor.kitchen") is READING
        assert room.definition("sensor.") is READING
        assert room.definition("sensor") is ANY

    @given(
        patterns=st.sets(st.text("ab.", max_size=4), max_size=4),
        names=st.sets(st.text("ab.", min_size=1, max_size=4), min_size=1, max_size=3),
        wanted=st.text("ab.", min_size=1, max_size=6),
    )
    def test_the_definition_of_a_name_is_the_one_that_says_most_of_it(
        self, patterns: set[str], names: set[str], wanted: str
    ) -> None:
        room = a_room(*(define_event(name) for name in [*names, *(f"{prefix}*" for prefix in patterns)]))
        fitting = sorted((prefix for prefix in patterns if wanted.startswith(prefix)), key=len)
        if wanted not in names and not fitting:
            with pytest.raises(EventNotAllowed):
                room.definition(wanted)
        else:
            assert room.definition(wanted).name == (wanted if wanted in names else f"{fitting[-1]}*")

    @pytest.mark.parametrize(
        "name", ["*", "sensor.*", "news*", "", " x", "x ", "a\nb", "dialogue.x", REDACTED, "x" * 101]
    )
    def test_what_is_no_name_of_an_event_goes_by_no_pattern(self, name: str) -> None:
        with pytest.raises(EventNotAllowed):
            a_room().admit(name, None, sender="ada", epoch="e1")

    def test_a_pattern_in_place_of_a_name_is_refused_as_one(self) -> None:
        with pytest.raises(EventNotAllowed, match=r"'sensor\.\*' is a pattern, and no event's name"):
            a_room().definition("sensor.*")

    def test_a_star_elsewhere_is_a_character_like_others(self) -> None:
        assert a_room(define_event("*-rating")).definition("*-rating").name == "*-rating"

    def test_a_pattern_has_one_star_at_its_end(self) -> None:
        with pytest.raises(ConfigurationError, match="must have one"):
            define_event("a*b*")

    def test_the_names_that_are_reserved_are_so_for_patterns(self) -> None:
        with pytest.raises(ConfigurationError, match="reserved"):
            define_event("dialogue.*")

    def test_of_a_pattern_comes_the_definition_of_one_of_its_names(self) -> None:
        kitchen = READING.named("sensor.kitchen")
        assert (kitchen.name, kitchen.schema, kitchen.history) == ("sensor.kitchen", Reading, KEPT)
        for other in ("door.kitchen", "sensor.*"):
            with pytest.raises(ConfigurationError, match="is none of those that 'sensor"):
                READING.named(other)
        with pytest.raises(ConfigurationError, match="is none of those"):
            TYPING.named("typing")

    @pytest.mark.parametrize("count", [0, MAX_EVENT_NAMES + 1, True, "all", 1.5])
    def test_the_bound_on_names_has_bounds(self, count: Any) -> None:
        assert "max_event_names must be an integer from 1 to 1000" in refused(max_event_names=count)


class TestAdmitting:
    def test_an_event_by_a_pattern_is_validated_and_kept_as_that_says(self) -> None:
        draft = a_room().admit("sensor.kitchen", {"value": 2}, sender="ada", epoch="e1")
        assert (draft.name, draft.payload, draft.has_history) == ("sensor.kitchen", b'{"value":2.0}', True)
        with pytest.raises(InvalidEvent):
            a_room().admit("sensor.kitchen", {"value": "warm"}, sender="ada", epoch="e1")

    def test_it_says_how_many_names_there_may_be_where_it_has_no_definition_of_its_own(self) -> None:
        room = a_room(max_event_names=7)
        draft = room.admit("door", None, sender="ada", epoch="e1")
        assert isinstance(draft, DraftByPattern)
        assert draft.max_names == 7
        assert not isinstance(room.admit("typing", None, sender="ada", epoch="e1"), DraftByPattern)

    def test_a_group_is_refused_where_it_brings_one_name_too_many(self) -> None:
        room = a_room(TYPING, ANY, max_event_names=3)
        group = DraftGroup.of(*(room.admit(name, 1, sender="ada", epoch="e1") for name in ("a", "b", "a", "known")))

        def refusal(count: int) -> EventNotAllowed | None:
            return too_many_names(group, lambda draft: draft.name == "known", lambda _: count)

        assert refusal(1) is None
        found = refusal(2)
        assert found is not None
        assert str(found) == "'b' would be a new name in 'plant', whose events have 3 already"
        assert found.details == {"event": "b", "allowed": [], "maxEventNames": 3}


class TestSubscriptions:
    def test_all_are_received_also_those_that_nobody_knows_yet(self) -> None:
        for names in (a_room().subscription(None), a_room().subscription(["*"])):
            assert all(name in names for name in ("typing", "sensor.kitchen", "door"))
        assert a_room().in_order(a_room().subscription(["*"])) == ["sensor.*", "*", "typing"]

    def test_a_pattern_stands_for_the_names_that_go_by_it_alone(self) -> None:
        names = a_room().subscription(["sensor.*"])
        assert "sensor.kitchen" in names
        assert not any(name in names for name in ("typing", "door", REDACTED))

    def test_a_name_that_goes_by_a_pattern_is_one_name(self) -> None:
        names = a_room().subscription(["sensor.kitchen"])
        assert names == {"sensor.kitchen"}
        assert "sensor.hall" not in names

    def test_what_is_told_of_a_subscription_is_again_that_subscription(self) -> None:
        room = a_room()
        names = room.subscription(["sensor.kitchen", "*"])
        told = room.in_order(names)
        assert told == ["*", "sensor.kitchen"]
        again = room.subscription(told)
        for name in ("sensor.kitchen", "sensor.hall", "typing", "door"):
            assert (name in again) == (name in names)
        assert "typing" not in names

    def test_subscriptions_grow_and_shrink_by_names_and_by_patterns(self) -> None:
        room = a_room()
        names = room.subscribed(room.subscription([]) | {REDACTED}, ["sensor.kitchen"])
        names = room.subscribed(names, ["sensor.*", "typing"])
        assert room.in_order(names) == ["sensor.*", "typing", "sensor.kitchen"]
        names = room.unsubscribed(names, ["sensor.*"])
        assert room.in_order(names) == ["typing"], "with a pattern goes what it stands for"
        names = room.unsubscribed(room.subscribed(names, ["*"]), ["*"])
        assert set(names) == {REDACTED}

    def test_a_name_that_comes_by_a_pattern_cannot_be_left_out(self) -> None:
        room = a_room()
        names = room.unsubscribed(room.subscription(["*"]), ["typing"])
        assert "typing" not in names
        with pytest.raises(InvalidRequest, match=r"'sensor\.hall' comes by 'sensor\.\*': unsubscribe from that"):
            room.unsubscribed(names, ["sensor.hall"])

    def test_redactions_are_received_whatever_the_names(self) -> None:
        room = a_room()
        names = room.subscription(["*"]) | {REDACTED}
        assert REDACTED in names
        assert REDACTED in room.unsubscribed(names, ["*"])

    def test_a_session_remembers_no_more_names_than_the_room_may_have(self) -> None:
        room = a_room(max_event_names=3)
        names = room.subscribed(room.subscription(["*"]) | {REDACTED}, ["a", "b", "c"])
        with pytest.raises(InvalidRequest, match="at most 3 that patterns stand for"):
            room.subscribed(names, ["d"])
        with pytest.raises(InvalidRequest, match="at most 3"):
            room.subscription(["a", "b", "c", "d"])

    @given(st.lists(st.tuples(st.booleans(), st.sets(st.sampled_from(["a", "a.x", "a.y", "b", "a.*", "*"])))))
    def test_it_is_a_set_whose_members_are_the_names_asked_for(self, calls: list[tuple[bool, set[str]]]) -> None:
        defined = ("a", "a.*", "*")
        room = a_room(*map(define_event, defined))
        definition_of = {"a": "a", "a.x": "a.*", "a.y": "a.*", "b": "*"}
        names, asked = room.subscription([]), set[str]()
        for is_more, called in calls:
            meant = set(defined) if called == {"*"} else called
            left = {each for each in asked if each not in meant and definition_of.get(each, each) not in meant}
            try:
                names = room.subscribed(names, called) if is_more else room.unsubscribed(names, called)
            except InvalidRequest:
                assert any(definition_of.get(each, each) in left for each in meant)
            else:
                asked = asked | meant if is_more else left
            received = {each for each in definition_of if each in asked or definition_of[each] in asked}
            assert {each for each in definition_of if each in names} == received
            assert hash(names) == hash(frozenset(asked))
