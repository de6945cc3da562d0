"""Publishing in a transaction of the application's own: what it keeps and the event are kept together, or neither."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...domain.draft_group import DraftGroup
from ...domain.errors import EventNotAllowed, InvalidRequest, RoomNotFound
from ...domain.event import Event
from ...domain.event_definition import EventDefinition
from ...domain.ports.transaction_archive import PublishRules, TransactionArchive
from ...domain.room import Room
from ..arguments import ensure_text, ensure_user_id, name_of, plain_data, plain_meta, typed
from ..rooms.room_registry import RoomRegistry
from ..rooms.runtime_rooms import RuntimeOffer
from .admission import Admission

NO_TRANSACTIONS = (
    "needs the history in PostgreSQL: a SQLite file has one writer, which is the server, and no transaction reaches "
    "memory or a storage of your own"
)
ANY_LIFE = ""
"""In place of an epoch: which life its room is in is known when the event is kept."""


class PublishWithin:
    """Admits an event into a room, and keeps it in a transaction that somebody else commits.

    No node has to run in this process: what is checked here is the application's code, all else is the storage's to
    know. Nothing that runs before an event is published through a node runs here: no hook, and no limit on users.
    """

    def __init__(
        self,
        configured: Mapping[str, Room],
        offer: RuntimeOffer | None,
        registry: RoomRegistry,
        archive: TransactionArchive | None,
        admission: Admission,
    ) -> None:
        self._configured = configured
        self._template = None if offer is None else offer.template
        self._registry = registry
        self._archive = archive
        self._admission = admission

    async def tell_rules(self) -> None:
        """Tell the storage what may be published past every node, where it lets anything. Raises Unavailable."""
        if self._archive is None:
            return
        rules = PublishRules(
            names={room_id: _own_names(room) for room_id, room in self._configured.items()},
            runtime_names=() if self._template is None else _own_names(self._template),
            max_event_size=self._admission.max_event_size,
            max_values=self._admission.max_values,
        )
        await self._archive.allow(rules)

    async def __call__(
        self,
        room_id: str,
        event: EventDefinition[Any] | str,
        data: object,
        *,
        sender: str,
        meta: Mapping[str, object] | None,
        key: str | None,
        within: object,
    ) -> Event[Any]:
        """Keep the event in the transaction of `within`; see `TransactionArchive.keep`."""
        archive = self._ensure_archive()
        group = self._admitted(room_id, event, data, sender, meta, key)
        return typed(await archive.keep(group.drafts[0], group.key, within), event)

    def sync(
        self,
        room_id: str,
        event: EventDefinition[Any] | str,
        data: object,
        *,
        sender: str,
        meta: Mapping[str, object] | None,
        key: str | None,
        within: object,
    ) -> Event[Any]:
        """As calling it, for code that is not asynchronous."""
        archive = self._ensure_archive()
        group = self._admitted(room_id, event, data, sender, meta, key)
        return typed(archive.keep_sync(group.drafts[0], group.key, within), event)

    def _ensure_archive(self) -> TransactionArchive:
        if self._archive is None:
            raise InvalidRequest.field("within", NO_TRANSACTIONS)
        return self._archive

    def _admitted(
        self,
        room_id: str,
        event: EventDefinition[Any] | str,
        data: object,
        sender: str,
        meta: Mapping[str, object] | None,
        key: str | None,
    ) -> DraftGroup:
        ensure_text("room_id", room_id)
        ensure_user_id("sender", sender)
        if key is not None:
            ensure_text("key", key)
        name, given, extra = name_of(event), plain_data(data), plain_meta(meta)
        room = self._room(room_id, name)
        definition = room.definition(name)
        if not definition.has_history:
            raise EventNotAllowed(room_id, name, room.names_with_history, why="has no history")
        if definition.is_pattern:
            why = f"goes by {definition.name!r}, and a transaction takes names that are defined themselves alone,"
            raise EventNotAllowed(room_id, name, _own_names(room), why=why)
        return self._admission(room, ANY_LIFE, name, given, sender=sender, meta=extra, key=key)

    def _room(self, room_id: str, event_name: str) -> Room:
        try:
            return self._registry.room(room_id)
        except RoomNotFound:
            if self._template is None or event_name not in self._template.names_with_history:
                raise
        return replace(self._template, id=room_id)  # made elsewhere just now, if at all: the storage knows


def _own_names(room: Room) -> tuple[str, ...]:
    """The names with history that have definitions of their own."""
    return tuple(name for name in room.names_with_history if not room.definitions[name].is_pattern)
