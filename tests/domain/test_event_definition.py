"""An event definition admits what its schema admits and every archive can keep."""

from __future__ import annotations

import math
import sys
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, cast
from uuid import UUID

import pytest
from hypothesis import given, strategies
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationInfo,
    computed_field,
    field_validator,
)
from typing_extensions import TypedDict

from dialogue.domain import json_value
from dialogue.domain.errors import ConfigurationError, InvalidEvent, Problem
from dialogue.domain.event_definition import EventDefinition, History, SchemaFailed, define_event


class ChatMessage(BaseModel):
    text: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    username: str


class Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    at: datetime
    id: UUID
    kind: Literal["a", "b"] = "a"
    tags: set[int] = set()


class Move(TypedDict):
    x: int
    y: int


class Aliased(BaseModel):
    client_tag: Annotated[str, Field(alias="clientTag")]


class Output(BaseModel):
    """Read under one name and written under another, with more than was read."""

    model_config = ConfigDict(extra="forbid")

    user_name: Annotated[str, Field(serialization_alias="userName")]

    @computed_field
    def length(self) -> int:
        return len(self.user_name)


class Measured(BaseModel):
    value: float


def kept(definition: EventDefinition, data: object) -> object:
    return json_value.decode(definition.validate(data))


def problems_of(definition: EventDefinition, data: object) -> list[str]:
    with pytest.raises(InvalidEvent) as refusal:
        definition.validate(data)
    return [problem.path for problem in refusal.value.problems]


def test_a_payload_is_kept_as_its_model_gave_it_back() -> None:
    message = define_event("message", schema=ChatMessage)
    assert kept(message, {"text": "hi", "username": "ada", "unknown": 1}) == {"text": "hi", "username": "ada"}


class Buggy(BaseModel):
    width: int = 1
    height: int = 1

    @field_validator("height")
    @classmethod
    def fits(cls, height: int, info: ValidationInfo) -> int:
        if height == 13:
            sys.exit(13)
        return height // int(info.data["width"])  # which is not there where it was wrong itself


@pytest.mark.parametrize(
    ("data", "cause"),
    [({"width": 0}, ZeroDivisionError), ({"width": "x"}, KeyError), ({"height": 13}, SystemExit)],
    ids=str,
)
def test_a_validator_with_a_bug_refuses_the_event_and_keeps_what_it_raised(
    data: object, cause: type[BaseException]
) -> None:
    with pytest.raises(SchemaFailed, match="the event's schema failed on it") as refusal:
        define_event("box", schema=Buggy).validate({"height": 4, **cast("dict[str, object]", data)})
    assert isinstance(refusal.value.__cause__, cause)
    assert (refusal.value.code, refusal.value.problems[0].path) == ("INVALID_EVENT", "data")


def test_a_payload_may_be_an_instance_of_the_model() -> None:
    message = define_event("message", schema=ChatMessage)
    assert kept(message, ChatMessage(text="hi", username="ada")) == {"text": "hi", "username": "ada"}


def test_every_wrong_field_is_told_with_its_path() -> None:
    message = define_event("message", schema=ChatMessage)
    assert problems_of(message, {"text": ""}) == ["data.text", "data.username"]
    assert problems_of(message, "hi") == ["data"]


def test_a_typed_dict_is_a_schema() -> None:
    move = define_event("move", schema=Move)
    assert kept(move, {"x": "1", "y": 2}) == {"x": 1, "y": 2}
    assert problems_of(move, {"x": 1}) == ["data.y"]


def test_a_list_is_a_schema_and_its_places_are_told_in_brackets_as_those_of_plain_json_are() -> None:
    numbers = define_event("numbers", schema=list[int])
    assert kept(numbers, [1, 2]) == [1, 2]
    assert problems_of(numbers, [1, "x", 3, None]) == ["data[1]", "data[3]"]
    assert problems_of(define_event("any"), [1, math.nan]) == ["data[1]"]


def test_a_plain_type_is_a_schema() -> None:
    number = define_event("number", schema=int)
    assert kept(number, 7) == 7
    assert problems_of(number, "seven") == ["data"]


def test_none_as_schema_keeps_any_json() -> None:
    anything = define_event("anything")
    values: list[object] = [None, 1, "x", [1, {"a": [None]}], {}]
    for value in values:
        assert kept(anything, value) == value


def test_a_strict_model_reads_dates_and_ids_from_json() -> None:
    strict = define_event("strict", schema=Strict)
    data = {"at": "2026-01-01T00:00:00Z", "id": "12345678-1234-5678-1234-567812345678", "tags": [1, 1]}
    assert kept(strict, data) == {**data, "kind": "a", "tags": [1]}


def test_a_strict_model_still_refuses_what_is_not_of_its_type() -> None:
    strict = define_event("strict", schema=Strict)
    data = {"at": "yesterday", "id": 7, "kind": "c", "tags": ["1"], "more": 1}
    assert problems_of(strict, data) == ["data.at", "data.id", "data.kind", "data.tags[0]", "data.more"]


def test_a_strict_model_given_as_an_instance_is_kept() -> None:
    strict = define_event("strict", schema=Strict)
    given_model = Strict(at=datetime(2026, 1, 1, tzinfo=UTC), id=UUID(int=1))
    assert kept(strict, given_model) == {
        "at": "2026-01-01T00:00:00Z",
        "id": "00000000-0000-0000-0000-000000000001",
        "kind": "a",
        "tags": [],
    }


def test_a_field_with_an_alias_is_read_and_kept_under_its_alias() -> None:
    aliased = define_event("aliased", schema=Aliased)
    assert kept(aliased, {"clientTag": "x"}) == {"clientTag": "x"}


def test_an_instance_is_admitted_though_its_output_has_other_names_and_what_it_computes() -> None:
    output = define_event("output", schema=Output)
    assert kept(output, Output(user_name="ada")) == {"userName": "ada", "length": 3}
    assert kept(output, {"user_name": "ada"}) == {"userName": "ada", "length": 3}


def test_an_instance_is_checked_again_for_a_model_lets_its_fields_be_set_to_anything() -> None:
    message = define_event("message", schema=ChatMessage)
    said = ChatMessage(text="hi", username="ada")
    said.text = ""
    assert problems_of(message, said) == ["data.text"]
    number = define_event("number", schema=Measured)
    assert problems_of(number, Measured(value=math.nan)) == ["data.value"]


def test_an_adapter_is_a_schema() -> None:
    numbers = define_event("numbers", schema=TypeAdapter(list[int]))
    assert kept(numbers, ["1", 2]) == [1, 2]
    assert numbers.read(b"[1,2]") == [1, 2]


def test_what_was_kept_is_read_as_the_schema_has_it_and_refused_with_the_paths_that_are_wrong() -> None:
    strict = define_event("strict", schema=Strict)
    given_model = Strict(at=datetime(2026, 1, 1, tzinfo=UTC), id=UUID(int=1), tags={1})
    assert strict.read(strict.validate(given_model)) == given_model
    with pytest.raises(InvalidEvent) as refusal:
        strict.read(b'{"at":"2026-01-01T00:00:00Z","id":7}')
    assert [problem.path for problem in refusal.value.problems] == ["data.id"]


@given(strategies.lists(strategies.dictionaries(strategies.sampled_from(["x", "y", "z"]), strategies.integers(-9, 9))))
def test_what_is_kept_is_admitted_again_unchanged(data: list[dict[str, int]]) -> None:
    definition = define_event("any", schema=list[dict[str, int]])
    payload = definition.validate(data)
    assert definition.validate(json_value.decode(payload)) == payload


@pytest.mark.parametrize("schema", [None, Any, dict[str, Any]])
@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": "\0"}, "data.a"),
        ({"a": ["\ud800"]}, "data.a[0]"),
        ({"a": {"\ud800": 1}}, "data.a"),
        ({"a": 2**53 + 1}, "data.a"),
        ({"a": math.nan}, "data.a"),
        ({"a": [1.5, -math.inf]}, "data.a[1]"),
        ({"a": ...}, "data.a"),
    ],
    ids=str,
)
def test_what_no_archive_keeps_is_refused_whatever_the_schema_admits(schema: Any, value: object, path: str) -> None:
    assert problems_of(define_event("any", schema=schema), value) == [path]


@pytest.mark.parametrize("schema", [None, Any, list[Any]])
def test_a_payload_nested_deeper_than_64_is_refused_and_one_of_64_is_not(schema: Any) -> None:
    definition = define_event("deep", schema=schema)
    value: list[object] = []
    for _ in range(63):
        value = [value]
    assert kept(definition, value) == value
    assert problems_of(definition, [value]) == ["data" + "[0]" * 64]


@pytest.mark.parametrize("schema", [None, Any])
@pytest.mark.parametrize("depth", [300, 5_000])
def test_a_payload_of_any_depth_is_refused_and_does_no_harm(schema: Any, depth: int) -> None:
    value: list[object] = []
    for _ in range(depth):
        value = [value]
    assert len(problems_of(define_event("deep", schema=schema), value)) == 1


def test_the_answer_to_a_payload_with_many_faults_is_small() -> None:
    assert len(problems_of(define_event("numbers", schema=list[int]), [""] * 20_000)) == 20


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "1 to 100 characters, not 0"),
        ("x" * 101, "1 to 100 characters, not 101"),
        ("a\nb", "printable"),
        (" a", "begin or end with a space"),
        ("dialogue.redacted", "reserved"),
        (7, "must be a text"),
    ],
)
def test_a_name_that_cannot_be_is_refused_at_once(name: Any, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why) as refusal:
        define_event(name)
    assert repr(name) in str(refusal.value)


@pytest.mark.parametrize("schema", [object(), "Undefined", list["Undefined"]])  # type: ignore[name-defined]  # noqa: F821
def test_a_schema_that_pydantic_cannot_use_is_refused_at_once_with_the_events_name(schema: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"The event 'odd': pydantic cannot use its schema"):
        define_event("odd", schema=schema)


@pytest.mark.parametrize("limit", [-1, True, "5", 1.5, None])
def test_a_history_limit_that_is_no_count_is_refused_at_once(limit: Any) -> None:
    with pytest.raises(ConfigurationError, match="limit must be an integer from 0 on"):
        History(limit=limit)


@pytest.mark.parametrize("history", [100, True, {"limit": 5}])
def test_a_history_that_is_none_is_refused_at_once(history: Any) -> None:
    with pytest.raises(ConfigurationError, match="history must be a History"):
        define_event("message", history=history)


@pytest.mark.parametrize(
    ("history", "has_history", "memory_limit"),
    [
        (None, False, 0),
        (History(), True, 100),
        (History(limit=0), True, 0),
        (History(limit=7), True, 7),
        (History(limit=7, enabled=False), False, 0),
    ],
)
def test_history_says_whether_events_are_kept_and_how_many_stay_in_memory(
    history: History | None, has_history: bool, memory_limit: int
) -> None:
    definition = define_event("message", history=history)
    assert (definition.has_history, definition.memory_limit) == (has_history, memory_limit)


def test_a_problem_carries_the_reason_of_the_schema() -> None:
    message = define_event("message", schema=ChatMessage)
    with pytest.raises(InvalidEvent) as refusal:
        message.validate({"text": "", "username": "ada"})
    assert refusal.value.problems == (Problem("data.text", "String should have at least 1 character"),)


def test_a_description_says_what_an_event_is_for() -> None:
    assert define_event("message", description="What somebody says").description == "What somebody says"
    with pytest.raises(ConfigurationError, match="description must be a text"):
        define_event("message", description=5)  # type: ignore[call-overload]
