"""The statements that keep a batch: one locks its rooms, one asks what is to be known of them, one writes all."""

from __future__ import annotations

import re
from functools import cache
from itertools import count

from ....domain.names import REDACTED

_HEADS = "SELECT room_id, floor, epoch, head, last_timestamp, stamp FROM dialogue_rooms"
# All lock in one order, so that what two batches both want is mostly one's or the other's.
LOCK_FREE = f'{_HEADS} WHERE room_id = ANY($1::text[]) ORDER BY room_id COLLATE "C" FOR UPDATE SKIP LOCKED'
LOCK = f"{_HEADS} WHERE room_id = $1 FOR UPDATE"
# Whoever gets the one that was waited for takes the others in the same step: a moment later somebody else has them.
LOCK_AND_FREE = f"""
WITH first AS MATERIALIZED (SELECT room_id FROM dialogue_rooms WHERE room_id = $2 FOR UPDATE)
{_HEADS} WHERE room_id = ANY($1::text[]) AND (SELECT count(*) FROM first) >= 0
ORDER BY room_id COLLATE "C" FOR UPDATE SKIP LOCKED"""
# The transaction that has locked a row stands in it; where it is over by now, that is a wrong guess, and no more.
HELD_BY = "SELECT room_id, xmax::text FROM dialogue_rooms WHERE room_id = ANY($1::text[])"
# Of rooms into which a new name wants that a pattern allows: that is seldom, and known names are not asked for.
COUNT_NAMES = f"""
SELECT room_id::text, count(*) FROM dialogue_streams
WHERE room_id = ANY($1::text[]) AND event_name <> '{REDACTED}' GROUP BY room_id"""

_STREAMS = """
SELECT 's', s.room_id::text, s.event_name::text, s.head, NULL::bigint, NULL::bytea, NULL::bytea, NULL::bool, NULL::text
FROM unnest(?::text[], ?::text[]) AS asked (room_id, event_name)
JOIN dialogue_streams AS s ON s.room_id = asked.room_id AND s.event_name = asked.event_name"""
_KEYS = """
SELECT 'k', NULL, NULL, k.seq, k.timestamp, k.key_id, k.digest, NULL, NULL
FROM dialogue_keys AS k WHERE k.key_id = ANY(?::bytea[])"""
_TARGETS = f"""
SELECT 't', m.room_id, m.event_name, m.seq, m.timestamp, NULL, NULL,
  m.event_data IS NULL, CASE WHEN m.event_name = '{REDACTED}' THEN m.event_data::text END
FROM unnest(?::text[], ?::bigint[]) AS asked (room_id, seq)
JOIN messages AS m ON m.room_id = asked.room_id AND m.seq = asked.seq"""

_PUT_EVENTS = """
INSERT INTO messages (created_at, room_id, event_name, event_data, from_user, timestamp, seq, event_seq, meta)
SELECT ?::timestamp, v.room_id, v.event_name, v.event_data::jsonb, v.from_user, v.timestamp, v.seq, v.event_seq,
  v.meta::jsonb
FROM unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::bigint[], ?::bigint[], ?::bigint[], ?::text[])
  AS v (room_id, event_name, event_data, from_user, timestamp, seq, event_seq, meta)"""
COPIED = ("created_at", "room_id", "event_name", "event_data", "from_user", "timestamp", "seq", "event_seq", "meta")
_PUT_STREAMS = """
INSERT INTO dialogue_streams (room_id, event_name, head, floor, floor_seq)
SELECT v.room_id, v.event_name, v.head, 0, 0
FROM unnest(?::text::text[], ?::text::text[], ?::text::bigint[]) AS v (room_id, event_name, head)
ON CONFLICT (room_id, event_name) DO UPDATE SET head = excluded.head"""
_SIGNED = "UPDATE dialogue_writers SET batch = ?::bigint WHERE writer_id = ?::text AND {condition}"
_MOVE_ROOMS = """
UPDATE dialogue_rooms AS r
SET epoch = v.epoch, head = v.head, last_timestamp = v.last_timestamp, stamp = v.stamp, moved = pg_current_xact_id()
FROM unnest(?::text::text[], ?::text::text[], ?::text::bigint[], ?::text::bigint[], ?::text::bigint[])
  AS v (room_id, epoch, head, last_timestamp, stamp), signed
WHERE r.room_id = v.room_id"""
_PUT_KEYS = """
INSERT INTO dialogue_keys (key_id, digest, seq, timestamp)
SELECT v.key_id, v.digest, v.seq, v.timestamp
FROM unnest(?::bytea[], ?::bytea[], ?::bigint[], ?::bigint[]) AS v (key_id, digest, seq, timestamp)
ON CONFLICT (key_id) DO UPDATE SET digest = excluded.digest, seq = excluded.seq, timestamp = excluded.timestamp"""
_BLANK = """
UPDATE messages AS m
SET event_data = v.event_data::jsonb, meta = NULL, from_user = coalesce(v.from_user, m.from_user)
FROM unnest(?::text[], ?::bigint[], ?::text[], ?::text[]) AS v (room_id, seq, event_data, from_user)
WHERE m.room_id = v.room_id AND m.seq = v.seq"""


@cache
def facts(*, streams: bool, keys: bool, targets: bool) -> str:
    """What asks for a batch's streams, its keys and the events that it redacts, where there are any.

    Its rows are a letter, then room, name, seq or head, timestamp, key, digest, whether blank, and payload. It is not
    asked together with the lock: it would be answered as of a time before that.
    """
    return _numbered("\nUNION ALL".join([*[_STREAMS] * streams, *[_KEYS] * keys, *[_TARGETS] * targets]))


@cache
def writes(condition: str, *, events: bool, streams: bool, keys: bool, tombstones: bool) -> str:
    """What signs a batch where `condition` is true, and writes it: its events, streams, keys, tombstones, its rooms.

    What it has none of is left out. Without a signature no room moves.
    """
    wanted = ((events, _PUT_EVENTS), (streams, _PUT_STREAMS), (keys, _PUT_KEYS), (tombstones, _BLANK))
    parts = [part for is_wanted, part in wanted if is_wanted]
    before = [f"signed AS ({_SIGNED.format(condition=condition)} RETURNING writer_id)"]
    before += [f"part_{number} AS ({part})" for number, part in enumerate(parts)]
    return _numbered("WITH " + ",\n".join(before) + _MOVE_ROOMS)


def _numbered(statement: str) -> str:
    numbers = count(1)
    return re.sub(r"\?", lambda _: f"${next(numbers)}", statement)
