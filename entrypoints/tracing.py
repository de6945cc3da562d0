"""Whether requests are traced, and what is put in place for that."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from typing import Any

from ..domain.errors import ConfigurationError
from .container import Container
from .settings.settings import Settings
from .version import __version__

App = Callable[[Any, Any, Any], Awaitable[None]]

ASKING = ("OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
"""One of these in the environment asks for tracing, as `--tracing` does."""


def is_traced(settings: Settings) -> bool:
    """Whether somebody has asked for it, and OTEL_SDK_DISABLED does not say otherwise."""
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    if settings.tracing:
        return True
    # An environment that speaks to many programs must not stop one that has not been installed with the extra.
    return any(os.environ.get(name) for name in ASKING) and find_spec("opentelemetry") is not None


def trace_services(container: Container, settings: Settings) -> None:
    """Let the container make services that are traced, where that is asked for; to be called before it makes them.

    Raises ConfigurationError where OpenTelemetry is not installed.
    """
    if not is_traced(settings):
        return
    try:
        from ..adapters.tracing.provide import provide
        from ..adapters.tracing.traced_journal import TracedApplyEvents, TracedJournal
        from ..adapters.tracing.traced_publish import TracedPublishBatch, TracedPublishEvent

        provide(__version__, settings.node_id)
    except ImportError as error:
        raise _missing(error) from error
    container.apply.set_provides(TracedApplyEvents)
    container.journal.set_provides(TracedJournal)
    container.publish.set_provides(TracedPublishEvent)
    container.publish_batch.set_provides(TracedPublishBatch)


def traced(app: App, settings: Settings) -> App:
    """`app`, or where tracing is asked for one that continues its callers' traces."""
    if not is_traced(settings):
        return app
    try:
        from ..adapters.tracing.traced_http import TracedHttp
    except ImportError as error:
        raise _missing(error) from error
    return TracedHttp(app)


def _missing(error: ImportError) -> ConfigurationError:
    return ConfigurationError(f"Tracing needs OpenTelemetry: pip install 'dialogue-py[tracing]' ({error})")
