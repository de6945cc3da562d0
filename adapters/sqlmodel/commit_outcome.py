"""Finding out how a commit ended whose answer did not come."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import stamina
from sqlalchemy import Connection

from ...domain.errors import Unavailable
from .database import Database

PATIENCE_S = 30.0

T = TypeVar("T")

logger = logging.getLogger("dialogue.database")


class CommitFailed(Exception):
    """A transaction came to its `result`, and then its commit failed: it may have been made or not."""

    def __init__(self, result: Any, why: str) -> None:
        super().__init__(why)
        self.result = result


class CommitUnknown(Exception):
    """Whether a transaction was committed could not be found out in time."""


async def write_again(database: Database, work: Callable[[Connection], T]) -> T:
    """As `Database.write`, for what may as well be done twice: where the outcome is not known, that is Unavailable."""
    try:
        return await database.write(work)
    except CommitUnknown as error:
        raise Unavailable(f"The database cannot be reached: {error}") from error


async def settled(failure: CommitFailed, was_kept: Callable[[], Awaitable[bool]]) -> Any:
    """The transaction's result where it was kept after all; the caller waits until that is known.

    Raises Unavailable where it was not kept, and CommitUnknown after half a minute of asking.
    """
    logger.warning("a commit failed (%s): asking whether it was made", failure)
    try:
        async for attempt in stamina.retry_context(on=Unavailable, attempts=None, timeout=PATIENCE_S):
            with attempt:
                is_kept = await was_kept()
    except Unavailable as error:
        raise CommitUnknown(str(failure)) from error
    if is_kept:
        return failure.result
    raise Unavailable(f"The database cannot be reached: {failure}") from failure
