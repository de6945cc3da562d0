"""The fields of answers that the WebSocket and HTTP share."""

from __future__ import annotations

from ...application.rooms.list_rooms import RoomList
from ...domain.page import Page
from .frames import ENVELOPE_SIZE, compact, json_bytes, wire_events, wire_room


def wire_page(page: Page) -> dict[str, object]:
    """The fields of a page."""
    return compact(
        roomId=page.room_id,
        event=page.event_name,
        epoch=page.epoch,
        events=wire_events(page.events),
        hasMore=page.has_more,
        hasMoreAfter=page.has_more_after,
    )


def wire_rooms(listed: RoomList, max_out_frame: int) -> dict[str, object]:
    """The fields of a list of rooms; it ends before it would pass `max_out_frame`."""
    space = max_out_frame - ENVELOPE_SIZE
    cursor = listed.cursor
    rooms: list[dict[str, object]] = []
    for room in listed.rooms:
        wired = wire_room(room)
        space -= len(json_bytes(wired)) + 1
        if rooms and space < 0:
            cursor = listed.rooms[len(rooms) - 1].id
            break
        rooms.append(wired)
    return compact(rooms=rooms, cursor=cursor)
