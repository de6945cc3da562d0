"""Why a database is not taken over, in one line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .....domain.errors import ConfigurationError

LISTED = 5


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be taken over, and why."""

    id: object
    flaw: str


class BadRows:
    """The rows that cannot be taken over: the first ones, and how many they are."""

    def __init__(self) -> None:
        self.first: list[BadRow] = []
        self.count = 0

    def note(self, rows: Iterable[BadRow]) -> None:
        """Count these too."""
        for row in rows:
            self.count += 1
            if self.count <= LISTED:
                self.first.append(row)

    def refuse(self, name: str) -> None:
        """Raise ConfigurationError where there are any in the database `name`."""
        if self.count:
            listed = "; ".join(f"id {row.id}: {row.flaw}" for row in self.first)
            more = f"; and {self.count - LISTED} more" if self.count > LISTED else ""
            raise ConfigurationError(
                f"{name} has a table `messages` with rows that cannot be taken over: {listed}{more}"
            )


def refuse_tables_without_version(name: str, tables: Sequence[str]) -> None:
    """Raise ConfigurationError where there are `tables` of our names, which no version of ours has made."""
    if tables:
        raise ConfigurationError(f"{name} has tables of Dialogue's names without a version: {', '.join(tables)}")


def refuse_differences(name: str, differences: Sequence[str]) -> None:
    """Raise ConfigurationError, with all of them, where `messages` differs from the seed's."""
    if differences:
        raise ConfigurationError(
            f"{name} has a table `messages` that is not the one Dialogue takes over: {'; '.join(differences)}"
        )
