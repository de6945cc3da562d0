"""One transaction: begun with its time-outs in one round trip, bounded in time, and ended."""

from __future__ import annotations

from asyncio import Timeout, timeout
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, TypeVar

from anyio import CancelScope, fail_after, move_on_after

from ....domain.errors import Unavailable
from ..commit_outcome import CommitFailed
from .driver import DriverConnection
from .engine import PostgresqlSettings
from .links import Link, Links
from .unavailable import DatabaseError, condition, is_connection_lost, is_refusal, translated

GRACE_S = 2.0
"""How long after its own time-outs the server may take to say so; then its connection is taken for lost."""
COMMIT_S = 5.0
"""How long the answer to a commit is waited for."""
ROLLBACK_S = 1.0
READ = "REPEATABLE READ READ ONLY"
WRITE = "READ COMMITTED"
BEGUN = "SET"
"""What the server says where nothing but `beginning` began a transaction."""
END = "SET LOCAL statement_timeout = 0; COMMIT"
"""Without a time-out: where a replica is slow to confirm, that would make it answer before the event is safe there."""

T = TypeVar("T")
Work = Callable[["Open"], Awaitable[T]]
Beginnings = tuple[str, str]
"""What begins a transaction, and what does where the connection was lost with the first: nothing was done in it."""


class Open:
    """A transaction that is open."""

    def __init__(self, link: Link, said: str) -> None:
        self.connection = link.connection
        self.raw = link.raw
        self.said = said
        """What the server said to the last of the statements that began it."""


def beginning(settings: PostgresqlSettings, mode: str, until: float, name: str = "dialogue") -> str:
    """What begins a transaction. Nothing of it outlives the transaction, whatever proxy is in between."""
    rest = max(0.0, until - monotonic())
    times = {
        "statement_timeout": min(settings.statement_timeout_s, rest),
        "lock_timeout": min(settings.lock_timeout_s, rest),
        "idle_in_transaction_session_timeout": settings.idle_timeout_s,
    }
    said = "; ".join(f"SET LOCAL {each} = {max(1, round(seconds * 1_000))}" for each, seconds in times.items())
    return f"BEGIN ISOLATION LEVEL {mode}; {said}; SET LOCAL application_name = '{name}'"


async def transact(links: Links, beginnings: Beginnings, work: Work[T], until: float) -> T:
    """Run `work` in a transaction, and commit it.

    Raises Unavailable: then nothing of it is kept. Raises CommitFailed where the answer to the commit is lost.
    """
    with translated():
        link, said = await _begun(links, beginnings, until)
        is_over = False
        try:
            async with _in_time(_left_s(until)):
                result = await work(Open(link, said))
            await _commit(link.raw, result)
            is_over = True
            return result
        finally:
            if not (is_over and links.keep(link)):
                with CancelScope(shield=True):
                    if not is_over:
                        await _roll_back(link.raw)
                    await links.give_back(link)


async def peek(links: Links, work: Work[T], until: float) -> T:
    """Run `work`, which reads with one statement, in no transaction of its own. Raises Unavailable."""
    with translated():
        try:
            return await _peek(links, work, until)
        except DatabaseError as error:
            if not is_connection_lost(error) or monotonic() >= until:
                raise
            return await _peek(links, work, until)


async def _peek(links: Links, work: Work[T], until: float) -> T:
    link = await _taken(links, until)
    is_over = False
    try:
        async with _in_time(_left_s(until)):
            result = await work(Open(link, ""))
        is_over = True
        return result
    finally:
        with CancelScope(shield=True):
            if not is_over:
                link.raw.terminate()
            await links.give_back(link)


async def _begun(links: Links, beginnings: Beginnings, until: float) -> tuple[Link, str]:
    first, again = beginnings
    try:
        return await _begin(links, first, until)
    except DatabaseError as error:
        if not is_connection_lost(error) or monotonic() >= until:
            raise
        return await _begin(links, again, until)


async def _begin(links: Links, begin: str, until: float) -> tuple[Link, str]:
    link = await _taken(links, until)
    try:
        async with _in_time(_left_s(until)):
            return link, await link.raw.execute(begin)
    except BaseException:
        link.raw.terminate()
        await link.close()
        raise


async def _taken(links: Links, until: float) -> Link:
    link = links.take_idle()
    if link is not None:
        return link
    with fail_after(_left_s(until)):
        return await links.take()


async def _commit(raw: DriverConnection, result: Any) -> None:
    try:
        with CancelScope(shield=True):
            async with _in_time(COMMIT_S):
                said = await raw.execute(END)
    except DatabaseError as error:
        if is_refusal(error):
            raise  # by a constraint that is checked here, say: nothing of it was kept
        raw.terminate()
        raise CommitFailed(result, condition(error) or str(error)) from error
    if said != "COMMIT":  # so PostgreSQL ends a transaction in which something had failed
        raise Unavailable("The database cannot be reached: the transaction had failed")


async def _roll_back(raw: DriverConnection) -> None:
    if raw.is_closed():
        return
    with move_on_after(ROLLBACK_S):
        try:
            if raw.is_in_transaction():
                await raw.execute("ROLLBACK")
            return
        except DatabaseError:
            pass
    raw.terminate()


def _in_time(seconds: float) -> Timeout:
    """Raise TimeoutError where what is done inside takes longer: as `fail_after`, which takes twice as long itself.

    It cancels, and does not only cut the connection off: a COPY that waits until it may send more would not notice.
    """
    return timeout(seconds)


def _left_s(until: float) -> float:
    return max(0.0, until - monotonic()) + GRACE_S
