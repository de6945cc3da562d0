"""Whatever happens, in whatever order, on every storage: a room is one sequence for everybody.

A longer search: `INVARIANTS_EXAMPLES=2000 pytest tests/invariants`.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from .machine import AnyOrder

# Runs of each storage: a file takes about ten times as long as memory, PostgreSQL three times as long as a file.
EXAMPLES = {"memory": 100, "own": 60, "sqlite": 25, "sqlite-unsafe": 10, "postgresql": 8}
STEPS = 30


@pytest.mark.timeout(1800)  # a longer search, and the shrinking of what it finds, take their time
@pytest.mark.parametrize("storage", EXAMPLES)
def test_a_room_is_one_sequence_for_everybody(storage: str) -> None:
    examples = int(os.environ.get("INVARIANTS_EXAMPLES", EXAMPLES[storage]))
    machine = type("AnyOrder", (AnyOrder,), {"storage": storage})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
