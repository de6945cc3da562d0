"""The providers of the container: typed, and closed to changes while the node runs."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from dependency_injector import providers

from ...domain.errors import ConfigurationError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Gives(Protocol[T_co]):
    """Any provider of such a part."""

    def __call__(self) -> T_co: ...


class Part(providers.Provider[T]):
    """Gives one part, and lets it be exchanged until the start: later it would be built into half of the others."""

    is_in_use = False

    def override(self, provider: Gives[T] | T) -> providers.OverridingContext[Any]:
        """Let `provider` give the part instead. Raises ConfigurationError after the start, and for a bare class."""
        self._ensure_not_in_use()
        if isinstance(provider, type):
            name = provider.__name__
            raise ConfigurationError(f"A part is exchanged by a provider, as in override(providers.Singleton({name}))")
        return super().override(provider)

    def reset_override(self) -> None:
        """Let the part be what it was at first. Raises ConfigurationError after the start."""
        self._ensure_not_in_use()
        super().reset_override()

    def reset_last_overriding(self) -> None:
        """Take the last `override` back. Raises ConfigurationError after the start."""
        self._ensure_not_in_use()
        super().reset_last_overriding()

    def _ensure_not_in_use(self) -> None:
        if self.is_in_use:
            raise ConfigurationError("Parts of the container can be exchanged until the start, not while it runs")


class Single(Part[T], providers.Singleton[T]):
    """Makes one, when it is first needed."""


class Derived(Part[T], providers.Callable[T]):
    """What a function makes of other parts, anew each time."""


class Chosen(Part[T], providers.Selector[T]):
    """One of several, by a name that another provider gives."""


class Given(Part[T], providers.Dependency[T]):
    """What whoever makes the container gives to it."""


def seal(container: Any, *, is_in_use: bool) -> None:
    """Close every part of `container` to changes, or open it again."""
    for part in container.providers.values():
        if isinstance(part, Part):
            part.is_in_use = is_in_use
