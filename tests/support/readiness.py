"""Waiting for what a server says of itself: it measures that at an interval, so that it turns a little later."""

from __future__ import annotations

import httpx
from anyio import fail_after

DEADLINE_S = 60.0


async def readiness_becomes(http: httpx.AsyncClient, status: int) -> httpx.Response:
    """Ask until `/health/ready` answers so."""
    with fail_after(DEADLINE_S):
        while (answer := await http.get("/health/ready")).status_code != status:
            assert answer.status_code in (200, 503)
    return answer
