"""The machine finds faults: of each kind that it is there for, one is planted, and it has to fail."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from .faults import FAULTS
from .machine import AnyOrder

# The same search every time, and one that stops at the first find: nobody needs a short example of a planted fault.
SEARCH = settings(
    max_examples=300,
    stateful_step_count=40,
    derandomize=True,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.parametrize("kind", FAULTS)
def test_it_finds_that(kind: str) -> None:
    machine = type("AnyOrderWithAFault", (AnyOrder,), {"fault": FAULTS[kind]})
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=SEARCH)
