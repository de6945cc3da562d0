"""What an event of one name looks like, and how much of its history stays in memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import Any, Generic, overload

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic_core import PydanticSerializationError, to_json
from typing_extensions import TypeForm, TypeVar

from . import json_value
from .errors import ConfigurationError, DialogueError, InvalidEvent, Problem
from .names import flaw_of_event_name
from .retention import Retention

Data = TypeVar("Data", default=Any)


class SchemaFailed(InvalidEvent):
    """A schema of the application's raised, on this data, what is no refusal; its cause is that."""

    def __init__(self) -> None:
        super().__init__([Problem("data", "could not be checked: the event's schema failed on it")])


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """That events are kept, how many of the newest stay in memory, and what retention removes for good.

    `limit` counts what stays in memory; 0 keeps them in the archive alone. Of a stream's events, retention keeps the
    newest `max_events`, and those that are not older than `max_age`; None keeps all.
    """

    limit: int = 100
    enabled: bool = True
    max_events: int | None = None
    max_age: timedelta | None = None

    def __post_init__(self) -> None:
        if isinstance(self.limit, bool) or not isinstance(self.limit, int) or self.limit < 0:
            raise ConfigurationError(f"History(limit={self.limit!r}): limit must be an integer from 0 on")
        count = self.max_events
        if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
            raise ConfigurationError(f"History(max_events={count!r}): max_events must be an integer from 1 on, or None")
        age = self.max_age
        if age is not None and (not isinstance(age, timedelta) or age <= timedelta(0)):
            raise ConfigurationError(f"History(max_age={age!r}): max_age must be a timedelta longer than 0, or None")

    @property
    def retention(self) -> Retention | None:
        """What is removed for good; None where nothing is."""
        if not self.enabled or (self.max_events is None and self.max_age is None):
            return None
        age = None if self.max_age is None else max(1, round(self.max_age.total_seconds() * 1_000))
        return Retention(max_events=self.max_events, max_age_ms=age)


@dataclass(frozen=True, kw_only=True)
class EventDefinition(Generic[Data]):
    """An event's name, its payload's schema (None: any JSON), its history (None: none) and what it is for.

    A name that ends with `*` is a pattern: it stands for every name that begins as it does, `*` alone for any.

    `schema` is a pydantic model, anything else that `pydantic.TypeAdapter` takes, or such an adapter. Type checkers
    know the data by it: an `EventDefinition[ChatMessage]` takes and gives a `ChatMessage`.
    """

    name: str
    schema: TypeForm[Data] | TypeAdapter[Data] | None = None
    history: History | None = None
    description: str | None = None

    def __post_init__(self) -> None:
        flaw = flaw_of_event_name(self.name)
        if flaw:
            raise ConfigurationError(f"The event name {self.name!r} {flaw}")
        if self.is_pattern and "*" in self.prefix:
            raise ConfigurationError(f"The event name {self.name!r} must have one *, at its end, to be a pattern")
        if self.history is not None and not isinstance(self.history, History):
            raise ConfigurationError(f"The event {self.name!r}: history must be a History, not {self.history!r}")
        if self.description is not None and not isinstance(self.description, str):
            raise ConfigurationError(f"The event {self.name!r}: description must be a text, not {self.description!r}")
        _ = self._adapter  # a schema that pydantic cannot use is told where it is written, not at the first event

    @property
    def is_pattern(self) -> bool:
        """Whether it stands for more names than one."""
        return self.name.endswith("*")

    @property
    def prefix(self) -> str:
        """How the names begin that a pattern stands for."""
        return self.name[:-1]

    def stands_for(self, name: str) -> bool:
        """Whether `name` is its own, or one that it stands for as a pattern."""
        if self.is_pattern:
            return name.startswith(self.prefix) and not name.endswith("*")
        return name == self.name

    def named(self, name: str) -> EventDefinition[Data]:
        """Of a pattern the definition of one name that it stands for, to publish, read and handle events by.

        Raises ConfigurationError where it does not stand for that name.
        """
        if not self.is_pattern or not self.stands_for(name):
            raise ConfigurationError(f"The event name {name!r} is none of those that {self.name!r} stands for")
        return replace(self, name=name)

    @property
    def has_history(self) -> bool:
        """Whether events of this name are kept."""
        return self.history is not None and self.history.enabled

    @property
    def memory_limit(self) -> int:
        """How many of the newest events stay in memory."""
        return self.history.limit if self.history is not None and self.history.enabled else 0

    @property
    def retention(self) -> Retention | None:
        """What is removed of the history for good; None where nothing is."""
        return None if self.history is None else self.history.retention

    def validate(self, data: object) -> bytes:
        """`data` as the schema gives it back, as JSON in UTF-8.

        Raises InvalidEvent with each wrong field's path (`data.text`), and SchemaFailed where a validator has a bug.
        """
        if self._adapter is None:
            return json_value.keepable(data, "data")
        try:
            given, by_name = _as_json(data)
            if b"NaN" in given or b"Infinity" in given:  # pydantic would give them back as null
                json_value.ensure_keepable(json_value.decode(given), "data")
            validated = self._adapter.validate_json(given, by_name=by_name)
            value = self._adapter.dump_python(validated, mode="json", by_alias=True)
        except ValidationError as error:
            raise InvalidEvent(_problems(error)) from error
        except PydanticSerializationError as error:
            json_value.ensure_keepable(data, "data")
            raise InvalidEvent([Problem("data", f"must be JSON: {error}")]) from error
        except DialogueError:
            raise
        except (Exception, SystemExit) as error:  # sys.exit() would end the whole server
            raise SchemaFailed from error
        return json_value.keepable(value, "data")

    def read(self, payload: bytes) -> Data:
        """What `payload`, kept by this definition or an earlier one, is as a value of the schema.

        Raises InvalidEvent with each wrong field's path.
        """
        if self._adapter is None:
            value: Any = json_value.decode(payload)
            return value  # type: ignore[no-any-return]
        try:
            return self._adapter.validate_json(payload)
        except ValidationError as error:
            raise InvalidEvent(_problems(error)) from error

    @cached_property
    def json_schema(self) -> dict[str, Any] | None:
        """What a payload has to be, as JSON Schema; None where any JSON is one, or JSON Schema has no words for it."""
        if self._adapter is None:
            return None
        try:
            return self._adapter.json_schema()
        except PydanticInvalidForJsonSchema:
            return None

    @cached_property
    def _adapter(self) -> TypeAdapter[Data] | None:
        if self.schema is None:
            return None
        try:
            adapter = self.schema if isinstance(self.schema, TypeAdapter) else TypeAdapter[Data](self.schema)
            adapter.rebuild(raise_errors=True)  # a name in it that nothing defines is else told at the first event
            return adapter
        except Exception as error:
            raise ConfigurationError(f"The event {self.name!r}: pydantic cannot use its schema: {error}") from error


def _as_json(data: object) -> tuple[bytes, bool | None]:
    """`data` as JSON for its schema, and whether that has fields by their names rather than by their aliases.

    An instance says its own fields, not what it computes from them, nor under the names that only its output has.
    """
    if type(data) is not dict and isinstance(data, BaseModel):
        return to_json(data, by_alias=False, round_trip=True, inf_nan_mode="constants"), True
    return json_value.encode(data), None


def _problems(error: ValidationError) -> list[Problem]:
    return [
        Problem("data" + "".join(map(_step, found["loc"])), found["msg"])
        for found in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def _step(place: int | str) -> str:
    return f"[{place}]" if isinstance(place, int) else f".{place}"


@overload
def define_event(
    name: str, *, schema: None = None, history: History | None = None, description: str | None = None
) -> EventDefinition[Any]: ...
@overload
def define_event(
    name: str, *, schema: TypeAdapter[Data], history: History | None = None, description: str | None = None
) -> EventDefinition[Data]: ...
@overload
def define_event(
    name: str, *, schema: TypeForm[Data], history: History | None = None, description: str | None = None
) -> EventDefinition[Data]: ...
def define_event(
    name: str, *, schema: Any = None, history: History | None = None, description: str | None = None
) -> EventDefinition[Any]:
    """Define an event: its name, its payload's schema, its history, and what it is for.

    With a name that ends with `*` it defines all events whose names begin as it does, and have no definition of their
    own, or by a longer pattern.

    Raises ConfigurationError for a name that is empty, too long, unprintable or reserved, and for a schema that
    pydantic cannot use.
    """
    return EventDefinition(name=name, schema=schema, history=history, description=description)
