"""Arrays as PostgreSQL writes them, for parameters that are cast from text.

Of an array asyncpg asks each value whether it is an array itself, which takes longer than all else about it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable


def numbers(values: Iterable[int]) -> str:
    """An array of numbers."""
    return "{" + ",".join(map(str, values)) + "}"


def texts(values: Collection[str]) -> str:
    """An array of texts, whatever they hold."""
    if not values:
        return "{}"
    joined = '","'.join(values)
    if "\\" in joined or joined.count('"') > 2 * (len(values) - 1):
        joined = '","'.join(each.replace("\\", "\\\\").replace('"', '\\"') for each in values)
    return f'{{"{joined}"}}'
