"""What everything else is built on: the settings, the application's own code, the time, and who is asking."""

from __future__ import annotations

from dependency_injector import containers, providers

from ...adapters.auth.checked_authenticator import CheckedAuthenticator
from ...adapters.auth.proxy_authenticator import ProxyAuthenticator
from ...adapters.auth.trusting_authenticator import TrustingAuthenticator
from ...adapters.metrics.prometheus_metrics import PrometheusMetrics
from ...adapters.system_clock import SystemClock
from ...adapters.threads.daemon_threads import DaemonThreads
from ...application.hooks.hook_authenticator import HookAuthenticator
from ...application.hooks.run_hook import RunHook
from ...application.ports.authenticator import Authenticator, OwnAuthenticator
from ...application.ports.clock import Clock
from ...application.ports.event_bus import EventBus
from ...application.ports.metrics import Metrics
from ...domain.errors import ConfigurationError
from ..app_config import AppConfig
from ..settings.settings import Settings
from .bus import bus_of, new_origin
from .part import Chosen, Derived, Given, Part, Single


def _metrics(counted: PrometheusMetrics) -> Metrics:
    return counted


def _who_says(config: AppConfig, settings: Settings) -> str:
    """Whether the application's own hook says who a client is, or whom the settings name."""
    if config.hooks.authenticate is None:
        return "setting"
    if "auth" in settings.model_fields_set:
        raise ConfigurationError(
            f"Both the hook authenticate and the setting auth ({settings.auth}) say who a client is: leave one out"
        )
    return "hook"


def _by_token(settings: Settings) -> Authenticator:
    from ..authenticators import jwt_authenticator  # with its cryptography, which few need and every start would load

    return jwt_authenticator(settings)


def _by_api_key(settings: Settings) -> Authenticator:
    from ..authenticators import api_key_authenticator

    return api_key_authenticator(settings)


class Inputs(containers.DeclarativeContainer):
    """The settings and the configuration, and the ports that need nothing else."""

    settings = Given(instance_of=Settings)
    config = Given(instance_of=AppConfig)

    clock: Part[Clock] = Single(SystemClock)
    authenticator: Part[OwnAuthenticator] = Chosen(
        settings.provided.auth,
        trusting=Single(TrustingAuthenticator),
        jwt=Single(_by_token, settings),
        proxy=Single(ProxyAuthenticator),
        **{"api-keys": Single(_by_api_key, settings)},
    )

    counted = Single(PrometheusMetrics)
    metrics: Part[Metrics] = Derived(_metrics, counted)

    bus: Part[EventBus] = Single(bus_of, settings)
    origin = Single(new_origin)

    run_sync = providers.Factory(DaemonThreads, settings.provided.max_hook_threads)
    run_hook = Single(RunHook, run_sync, settings.provided.hook_timeout_s)
    checked_authenticator = Single(
        CheckedAuthenticator,
        Chosen(
            Derived(_who_says, config, settings),
            hook=Single(HookAuthenticator, config.provided.hooks.authenticate, run_hook),
            setting=authenticator,
        ),
        clock,
    )
    # Threads of its own: handlers that hang must not keep the storage from being reached.
    run_storage_hook = Single(RunHook, run_sync, settings.provided.hook_timeout_s)
