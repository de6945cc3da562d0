"""What of the protocol the server under test has. Where a switch is off, both answers are accepted; where it is on, the
finished one is demanded."""

from __future__ import annotations

KEYS = True
"""A `key` on a trigger makes a repeat be kept once: the answer is the first one's, with `duplicate: true`."""

RECOVERS = True
"""A join with `since`, after a short absence, is `recovered: true`."""

READY_WRITES = True
"""`/health/ready` is 503 also where the archive can be read and not written to."""
