"""Whether what the application gave can be called as it will be, asked where it is given."""

from __future__ import annotations

from inspect import signature

from ...domain.errors import ConfigurationError


def ensure_callable(what: str, function: object, *arguments: str) -> None:
    """Raise ConfigurationError, which begins with `what`, unless `function` takes these arguments, by place."""
    listed = ", ".join(arguments)
    if not callable(function):
        raise ConfigurationError(f"{what} must be a function of ({listed}), not {function!r}")
    try:
        takes = signature(function)
    except (ValueError, TypeError):  # some of C's functions do not tell
        return
    try:
        takes.bind(*arguments)
    except TypeError as error:
        raise ConfigurationError(f"{what} must be a function of ({listed}), not of {takes}: {error}") from None
