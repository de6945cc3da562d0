"""Where a refusal of PostgreSQL for what a batch holds becomes a SpoiledBatch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ....domain.errors import Unavailable
from ....domain.ports.history_archive import SpoiledBatch
from .unavailable import DatabaseError, is_clients_refusal, original, sqlstate

# A value that no column takes, a constraint or a trigger of the database's owner, or something that is too big.
_STATES = ("22", "23", "54", "P0001")

# A place that a row of somebody else has: no draft can be to blame, since the numbers are ours.
_TAKEN = frozenset({"ux_messages_room_seq", "ux_messages_stream_seq"})


@contextmanager
def refusals() -> Iterator[None]:
    """Raise SpoiledBatch for what the database refuses because of the data; all else passes."""
    try:
        yield
    except DatabaseError as error:
        cause = original(error)
        if getattr(cause, "constraint_name", None) in _TAKEN:
            why = "The database holds a row that this server has not written, in the place of the room's next event"
            raise SpoiledBatch(str(cause), Unavailable(why)) from error
        if sqlstate(cause).startswith(_STATES) or is_clients_refusal(cause):
            raise SpoiledBatch(str(cause)) from error
        raise
    except (OverflowError, UnicodeError) as error:  # the driver refuses what PostgreSQL has no type for
        raise SpoiledBatch(str(error)) from error
