"""How long the application's own code may take, and how much of it runs at once."""

from __future__ import annotations

from pydantic import BaseModel, Field


class HookSettings(BaseModel):
    """How long the application's own code may take, and how much of it runs at once."""

    hook_timeout_s: float = Field(
        30.0, gt=0, le=3600, description="How long one call of a hook or a handler may take, in seconds."
    )
    max_hook_threads: int = Field(
        20, ge=1, le=1_000, description="How many hooks and handlers that are no async functions may run at once."
    )
    flush_timeout_s: float = Field(
        30.0, gt=0, le=3600, description="How long a stop waits for on_cleanup to take what memory holds, in seconds."
    )
