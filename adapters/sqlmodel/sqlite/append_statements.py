"""The statements that keep a batch in SQLite: some that ask what is to be known of it, and one for each table."""

from __future__ import annotations

from ....domain.names import REDACTED
from .many_rows import ManyRows

# What is asked for comes as one row of JSON, and so in one step of the statement; see `ManyRows`.
ROOMS = """
SELECT json_group_array(json_array(room_id, floor, epoch, head, last_timestamp, stamp))
FROM dialogue_rooms WHERE room_id IN (SELECT value FROM json_each(?))"""
STREAMS = """
SELECT json_group_array(json_array(room_id, event_name, head))
FROM dialogue_streams WHERE room_id IN (SELECT value FROM json_each(?))"""

KEYS_AT_ONCE = 64
KEYS = f"""
SELECT json_group_array(json_array(hex(key_id), hex(digest), seq, timestamp))
FROM dialogue_keys WHERE key_id IN ({", ".join("?" * KEYS_AT_ONCE)})"""
TARGET = f"""
SELECT event_name, timestamp, event_data IS NULL, CASE WHEN event_name = '{REDACTED}' THEN event_data END
FROM messages WHERE room_id = ? AND seq = ?"""
BLANK = """
UPDATE messages SET event_data = ?, meta = NULL, from_user = coalesce(?, from_user) WHERE room_id = ? AND seq = ?"""

PUT_EVENTS = ManyRows(
    """messages
    (room_id, event_name, event_data, from_user, timestamp, created_at, seq, event_seq, meta)""",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?)",
)
MOVE_ROOMS = ManyRows(
    "dialogue_rooms (room_id, epoch, head, last_timestamp, stamp, floor, swept)",
    "(?, ?, ?, ?, ?, 0, 0)",
    """ON CONFLICT (room_id) DO UPDATE SET
    epoch = excluded.epoch, head = excluded.head, last_timestamp = excluded.last_timestamp, stamp = excluded.stamp""",
)
"""Each of these rooms is there: it was asked for in the same transaction."""
PUT_STREAMS = ManyRows(
    "dialogue_streams (room_id, event_name, head, floor, floor_seq)",
    "(?, ?, ?, 0, 0)",
    "ON CONFLICT (room_id, event_name) DO UPDATE SET head = excluded.head",
)
PUT_KEYS = ManyRows(
    "dialogue_keys (key_id, digest, seq, timestamp)",
    "(?, ?, ?, ?)",
    """ON CONFLICT (key_id) DO UPDATE
    SET digest = excluded.digest, seq = excluded.seq, timestamp = excluded.timestamp""",
)
