"""`python tests/benchmarks`, and `python -m tests.benchmarks`."""

import runpy
import sys
from pathlib import Path

if __package__:
    from .command import main

    main()
else:  # run as a folder: once more, as the package that it is
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    runpy.run_module("tests.benchmarks", run_name="__main__", alter_sys=True)
