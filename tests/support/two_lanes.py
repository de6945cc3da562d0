"""Who runs what, where the tests run in two processes side by side (`pytest --numprocesses 2`, as `make test` does).

Crowds of clients, servers that are killed, and whatever is measured go one after the other, all in the process that is
ready first: side by side they would starve each other. The other one takes the rest, and is helped when the first one
is through with its own. Each process has a PostgreSQL, a Valkey and a browser of its own.
"""

from __future__ import annotations

from typing import Any

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

CROWDS = ("tests/faults/", "tests/invariants/", "tests/nodes/")
LONG = ("tests/simulation/",)
"""What would last on alone if it came last: it is one file."""


class TwoLanes(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out the tests file by file, in their order."""

    def __init__(self, config: Any, log: Any = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _assign_work_unit(self, node: WorkerController) -> None:
        file = self._next_for(node)
        if file is None:
            node.shutdown()
            return
        self.workqueue.move_to_end(file, last=False)
        super()._assign_work_unit(node)

    def _reschedule(self, node: WorkerController) -> None:
        if self.workqueue and self._next_for(node) is None and not node.shutting_down:
            node.shutdown()
        else:
            super()._reschedule(node)

    def _next_for(self, node: WorkerController) -> str | None:
        crowds: list[str] = [file for file in self.workqueue if file.startswith(CROWDS)]
        if crowds and node is self.nodes[0]:
            return crowds[0]
        others: list[str] = [file for file in self.workqueue if not file.startswith(CROWDS)]
        return next((file for file in others if file.startswith(LONG)), next(iter(others), None))
