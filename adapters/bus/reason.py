"""Why a bus was lost."""

from __future__ import annotations


def reason(errors: BaseExceptionGroup[Exception]) -> str:
    """The first of what its tasks raised, in its own words."""
    first: BaseException = errors
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return str(first) or type(first).__name__
