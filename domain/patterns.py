"""Events whose names nobody knows beforehand: a pattern stands for every name that begins as it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Self

from .event_definition import EventDefinition
from .names import RESERVED_PREFIX, flaw_of_event_name

MAX_EVENT_NAMES = 1_000
"""The most names that a room's history may be allowed: opening it reads the newest events of each."""


class Patterns:
    """The patterns among a room's definitions. A name goes by its own definition before any pattern, and by the
    pattern that says most of it before others."""

    __slots__ = ("_longest_first", "named")

    def __init__(self, definitions: Mapping[str, EventDefinition]) -> None:
        patterns = [definition for definition in definitions.values() if definition.is_pattern]
        patterns.sort(key=lambda definition: -len(definition.name))
        self._longest_first = tuple((definition.prefix, definition) for definition in patterns)
        names = {name: each for name, each in definitions.items() if not each.is_pattern}
        self.named: Mapping[str, EventDefinition] = names if patterns else definitions
        """The definitions that are no patterns, by name."""

    def __bool__(self) -> bool:
        return bool(self._longest_first)

    def find(self, name: str) -> EventDefinition | None:
        """The pattern by which a name goes that has no definition of its own; None also for what is no event's name."""
        if not self._longest_first or name.endswith("*") or flaw_of_event_name(name) is not None:
            return None
        return self._match(name)

    def pattern_of(self, name: str) -> str | None:
        """The name of the pattern by which the event of that name goes; None where it has its own definition."""
        if name in self.named or name.startswith(RESERVED_PREFIX):
            return None
        found = self._match(name)
        return None if found is None else found.name

    def _match(self, name: str) -> EventDefinition | None:
        return next((definition for prefix, definition in self._longest_first if name.startswith(prefix)), None)


class PatternNames(frozenset[str]):
    """Names of events, and patterns: a name is in it that stands in it, or that goes by a pattern which does.

    It is told from other sets, and hashed, by what stands in it, as quickly as any set of names.
    """

    __slots__ = ("_pattern_of",)
    _pattern_of: Callable[[str], str | None]

    def __new__(cls, names: Iterable[str], pattern_of: Callable[[str], str | None]) -> Self:
        """Those names, where `pattern_of(name)` is the pattern by which a name goes."""
        made = super().__new__(cls, names)
        made._pattern_of = pattern_of
        return made

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or (isinstance(name, str) and super().__contains__(self._pattern_of(name)))

    def __or__(self, names: Iterable[str]) -> PatternNames:  # type: ignore[override]  # of texts alone
        return PatternNames(super().union(names), self._pattern_of)

    __ror__ = __or__
