"""Which limits the settings name."""

from __future__ import annotations

from collections.abc import Mapping

from ...adapters.limits.local_limiter import LocalLimiter
from ...application.ports.rate_limiter import Action, RateLimiter
from ...domain.rate import Rate
from ..settings.settings import Settings
from ..settings.types import KIB, rates_of

ACTIONS: tuple[Action, ...] = ("requests", "events", "history", "joins", "rooms", "connections", "traffic")


def rates_in_force(settings: Settings, *, trusts_clients: bool) -> Mapping[Action, tuple[Rate, ...]]:
    """What is limited: where clients are believed to be whoever they say, only what was asked for."""
    if settings.rate_limits == "off":
        return {}
    names = {action: f"limit_{action}" for action in ACTIONS}
    if settings.rate_limits == "auto" and trusts_clients:
        names = {action: name for action, name in names.items() if name in settings.model_fields_set}
    rates = {action: rates_of(getattr(settings, name)) for action, name in names.items()}
    if "traffic" in rates:
        rates["traffic"] = tuple(rate.times(KIB) for rate in rates["traffic"])
    return {action: some for action, some in rates.items() if some}


def limiter_of(settings: Settings, trusts_clients: bool) -> RateLimiter:
    """What counts. Raises ConfigurationError where the store's address is none."""
    rates = rates_in_force(settings, trusts_clients=trusts_clients)
    local = LocalLimiter(rates, settings.limit_address_factor)
    store = store_of(settings)
    if not rates or not store:
        return local
    from ...adapters.limits.shared_limiter import SharedLimiter  # with the store's client, which few need

    return SharedLimiter(local, store)


def store_of(settings: Settings) -> str:
    """Where all nodes count together; empty where each counts for itself."""
    return settings.limit_store or ("" if settings.bus.startswith(("none", "postgres")) else settings.bus)


def warnings_of(settings: Settings) -> Rate:
    """How often a connection is warned; without an end where that is off."""
    rates = rates_of(settings.limit_warnings)
    return min(rates, key=lambda rate: rate.amount / rate.per_s) if rates else Rate(1_000_000_000, 1.0)
