"""What a run is made of: the names, how much of each stays in memory and in the archive, and the limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import strategies as st

from dialogue.application.rooms.runtime_rooms import RuntimeRooms
from dialogue.domain.event_definition import EventDefinition, History, define_event
from dialogue.domain.names import REDACTED

ROOM = "room"
KEPT = ("message", "note", "rare")
PASSING = "typing"
NAMES = (*KEPT, PASSING)
ALL_KEPT = (*KEPT, REDACTED)
KEY_TTL_MS = 10_000


@dataclass(frozen=True, slots=True)
class Stay:
    """How many of a stream's events stay in memory, and what retention leaves of it: a number, an age, or all."""

    limit: int
    max_events: int | None
    max_age_ms: int | None

    @property
    def history(self) -> History:
        """The same, as a developer writes it."""
        age = None if self.max_age_ms is None else timedelta(milliseconds=self.max_age_ms)
        return History(limit=self.limit, max_events=self.max_events, max_age=age)


@dataclass(frozen=True, slots=True)
class Setting:
    """How the room of one run is set up; small enough that every border is met often."""

    stays: Mapping[str, Stay]
    sync: int | bool
    recovery_limit: int
    knows_reach: bool = True  # how far back the storage reaches
    goes_by_patterns: bool = False  # its names have no definitions of their own

    @property
    def rooms(self) -> RuntimeRooms:
        """Rooms that are made at run time, so that they can be deleted."""
        return RuntimeRooms(events=self._definitions(), sync_history_on_join=self.sync)

    @property
    def of_another_s_events(self) -> Setting:
        """The same over a storage of the application's: nothing is let go, and nobody knows how far it reaches back."""
        stays = {name: Stay(stay.limit, max_events=None, max_age_ms=None) for name, stay in self.stays.items()}
        return replace(self, stays=stays, knows_reach=False, goes_by_patterns=False)

    def limit(self, name: str) -> int:
        """How many of that name's events memory holds; redactions stay as long as the name that stays longest."""
        return self.stays[name].limit if name in self.stays else max(stay.limit for stay in self.stays.values())

    def defined(self, name: str) -> str:
        """The name of its definition."""
        return f"{name[:-1]}*" if self.goes_by_patterns and name in NAMES else name

    def received(self, told: Sequence[str]) -> list[str]:
        """The names that somebody receives who was told that it receives these."""
        if not self.goes_by_patterns:
            return list(told)
        return [name for name in NAMES if name in told or self.defined(name) in told]

    def _definitions(self) -> list[EventDefinition]:
        kept = [define_event(self.defined(name), history=self.stays[name].history) for name in KEPT]
        return [*kept, define_event(self.defined(PASSING))]


def _stays() -> st.SearchStrategy[Stay]:
    return st.builds(
        Stay, st.sampled_from([0, 1, 3, 100]), st.sampled_from([None, 1, 2, 4]), st.sampled_from([None, None, 2_000])
    )


SETTINGS = st.builds(
    Setting,
    stays=st.fixed_dictionaries({name: _stays() for name in KEPT}),
    sync=st.sampled_from([0, 2, 50, True]),
    recovery_limit=st.sampled_from([1, 3, 1_000]),
    goes_by_patterns=st.booleans(),
)
