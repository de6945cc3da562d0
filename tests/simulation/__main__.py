"""`python -m tests.simulation`: many seeds, or one again."""

from __future__ import annotations

import argparse
import logging
import sys
import time
import traceback
import warnings

from .planted import FAULTS
from .simulate import simulate

MOST_FAILED = 20


def main() -> int:
    """Run the seeds; how many of them failed, as far as an exit code can tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, metavar="N", help="how many seeds (default: 200)")
    parser.add_argument("--first", type=int, default=1, metavar="SEED", help="the first one (default: 1)")
    parser.add_argument("--fault", choices=[*FAULTS], help="plant this fault, and stop at the first seed that finds it")
    parser.add_argument("--verbose", action="store_true", help="say what happened in each run")
    options = parser.parse_args()
    if options.seeds < 1:
        parser.error("argument --seeds: without a seed nothing is found")
    logging.disable(logging.CRITICAL)
    # A node may be killed before a task of it has begun.
    warnings.filterwarnings("ignore", "coroutine .* was never awaited")
    failed, began = [], time.perf_counter()
    totals = {"kept": 0, "answered": 0, "kills": 0, "cuts": 0}
    for seed in range(options.first, options.first + options.seeds):
        try:
            report = simulate(seed, options.fault)
        except Exception as error:
            failed.append(seed)
            cause = error
            while isinstance(cause, ExceptionGroup):
                cause = cause.exceptions[0]
            print(f"seed {seed}: {type(cause).__name__}: {cause}", flush=True)
            if options.verbose:
                traceback.print_exception(cause)
            if options.fault is not None or len(failed) == MOST_FAILED:
                return 1
            continue
        for name in totals:
            totals[name] += getattr(report, name)
        if options.verbose:
            print(report, flush=True)
        elif (seed - options.first + 1) % 1_000 == 0:
            print(f"{seed - options.first + 1} seeds, {len(failed)} failed", file=sys.stderr, flush=True)
    said = ", ".join(f"{count:,} {name}" for name, count in totals.items())
    print(f"{options.seeds:,} seeds, {len(failed)} failed: {said} in {time.perf_counter() - began:.0f} s")
    return min(len(failed), 100)


if __name__ == "__main__":
    raise SystemExit(main())
