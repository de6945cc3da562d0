"""The names in the environment that are meant for us."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches

from ...domain.errors import ConfigurationError

ENV_PREFIX = "DIALOGUE_"
SERVICE_LINKS = (
    "Kubernetes makes such names of a service's address; set enableServiceLinks: false for the pod, "
    "or give the service another name"
)
_OF_KUBERNETES = re.compile(r"DIALOGUE_(SERVICE|PORT)_.+")
"""What Kubernetes puts into every container beside a service that is called `dialogue`; `DIALOGUE_PORT` too."""


def refuse_unknown(names: Iterable[str], settings: Collection[str]) -> None:
    """Raise ConfigurationError where a name has our prefix and is no setting: it would be ignored in silence."""
    known = {ENV_PREFIX + setting.upper() for setting in settings}
    for name in sorted(name.upper() for name in names):
        if name.startswith(ENV_PREFIX) and name not in known and not _OF_KUBERNETES.fullmatch(name):
            raise ConfigurationError(f"There is no setting {name}{_hint(name, known)}")


def _hint(name: str, known: Collection[str]) -> str:
    if re.search(r"_(SERVICE|PORT)(_|$)", name):
        return f": {SERVICE_LINKS}"
    close = get_close_matches(name, known, 1)
    return f"; is {close[0]} meant?" if close else "; `dialogue serve --help` lists them all"


def port_of(value: object) -> object:
    """A port as it was given. Raises ValueError where it is the address of a service, as Kubernetes writes it."""
    if isinstance(value, str) and "://" in value:
        raise ValueError(f"must be a number, not {value!r}. {SERVICE_LINKS}")
    return value
