"""What all tests share: the event loop that async tests run on, and how hypothesis searches."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from .support.postgresql import PostgresqlServer
from .support.shared_postgresql import shared_postgresql
from .support.valkey import ValkeyServer, valkey

# No deadline, and none for drawing: a busy machine must not fail a test. No database: tests leave nothing behind, and
# what failed is printed so that it can be given again. CI tries the same examples every time, people try new ones.
settings.register_profile(
    "dialogue",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
    print_blob=True,
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("dialogue")

FIGURE = "figure"
"""A property of a test: a line that is printed at the end of the run."""


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The loop that Dialogue is made for."""
    return "asyncio"


@pytest.fixture(scope="session")
def postgresql_server() -> PostgresqlServer:
    """A PostgreSQL that all tests share which do not stop it, each with databases of its own; it does not fsync."""
    return shared_postgresql()


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[ValkeyServer]:
    """A Valkey that all tests share which do not stop it."""
    with valkey() as server:
        yield server


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Who runs what, where the tests run in several processes."""
    from .support.two_lanes import TwoLanes

    return TwoLanes(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have measured."""
    found = [each for category in terminalreporter.stats.values() for each in category]
    figures = [
        f"{report.nodeid.rpartition('::')[2]}: {line}"
        for report in found
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for name, line in report.user_properties
        if name == FIGURE
    ]
    if figures:
        terminalreporter.section("figures")
        for line in figures:
            terminalreporter.write_line(line)
