-- Publishing in a transaction of the application's own. {schema} is where the tables are.
--
-- Everything is named with its schema, and nothing is looked up in one that others may write to: the functions run with
-- the rights of their owner.

-- What a server says at its start of the rooms in its code: the names with history of each, and under the empty id
-- those of rooms made at run time.
CREATE TABLE {schema}.dialogue_kept_names (
    room_id VARCHAR(255) COLLATE "C" PRIMARY KEY,
    event_names TEXT[] NOT NULL
);

-- What a server says of its bounds. One row.
CREATE TABLE {schema}.dialogue_bounds (
    is_only BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (is_only),
    max_event_size INTEGER NOT NULL,
    max_meta_size INTEGER NOT NULL,
    max_values INTEGER NOT NULL,
    key_ttl_ms BIGINT NOT NULL
);

-- How many bytes a value takes as compact JSON. JSONB writes a blank behind each comma and each colon.
CREATE FUNCTION {schema}.dialogue_json_size(value JSONB) RETURNS BIGINT
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT octet_length(value::text)
        - (SELECT count(*) - 1 FROM jsonb_path_query(value, 'strict $.**'))
        + (SELECT count(*) FROM jsonb_path_query(value, 'strict $.** ? (@.type() == "array" && @.size() > 0)'))
        + (SELECT count(*) FROM jsonb_path_query(value, 'strict $.** ? (@.type() == "object" && exists (@.*))'))
        - (SELECT count(*) FROM jsonb_path_query(value, 'strict $.** ? (@.type() == "object").keyvalue()'))
$$;

-- What is wrong with a value as part of an event (as domain/json_value.py has it); NULL where nothing is. JSONB itself
-- refuses NUL, lone surrogates and what is no number. Whether a closer look is needed is told from the text.
CREATE FUNCTION {schema}.dialogue_flaw_of_json(value JSONB, max_size INTEGER, max_values INTEGER) RETURNS TEXT
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    written TEXT := value::text;
    containers INTEGER := length(written) - length(translate(written, '[{', ''));
    commas INTEGER := length(written) - length(translate(written, ',', ''));
BEGIN
    IF octet_length(written) > max_size AND {schema}.dialogue_json_size(value) > max_size THEN
        RETURN format('must be at most %s bytes of JSON, not %s', max_size, {schema}.dialogue_json_size(value));
    END IF;
    IF containers > 64
        AND jsonb_path_exists(value, 'strict $.**{64} ? (@.type() == "array" || @.type() == "object")') THEN
        RETURN 'must not be nested deeper than 64';
    END IF;
    IF containers + commas >= max_values
        AND (SELECT count(*) FROM jsonb_path_query(value, 'strict $.**')) > max_values THEN
        RETURN format('must hold at most %s values', max_values);
    END IF;
    IF written ~ '[0-9]{16}' AND EXISTS (
        SELECT FROM jsonb_path_query(value, 'strict $.** ? (@.type() == "number"
            && (@ > 9007199254740992 || @ < -9007199254740992))') AS number
        WHERE scale((number #>> '{}')::numeric) = 0
    ) THEN
        RETURN 'must be an integer within ±2^53';
    END IF;
    IF written ~ '[0-9]{255}' AND jsonb_path_exists(value, 'strict $.** ? (@.type() == "number"
        && (@ > 1.7976931348623157e308 || @ < -1.7976931348623157e308))') THEN
        RETURN 'must be a number that a double holds';
    END IF;
    RETURN NULL;
END
$$;

-- What is wrong with a user's id (as domain/names.py has it); NULL where nothing is.
CREATE FUNCTION {schema}.dialogue_flaw_of_user(user_id TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE
        WHEN user_id IS NULL THEN 'must be a text'
        WHEN length(user_id) NOT BETWEEN 1 AND 255 THEN 'must have 1 to 255 characters, not ' || length(user_id)
        WHEN user_id ~ (
            '[\u0001-\u001f\u007f-\u00a0\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u1680\u180e'
            '\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ue000-\uf8ff\ufeff\ufff9-\ufffb'
            '\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a'
            '\U000e0001\U000e0020-\U000e007f\U000f0000-\U0010fffd]'
        ) THEN 'must be printable'
        WHEN user_id <> btrim(user_id, ' ') THEN 'must not begin or end with a space'
    END
$$;

-- Which database this is: of which server, and which one there. A copy is another one.
CREATE FUNCTION {schema}.dialogue_database() RETURNS TEXT
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT system_identifier || '/' || oid FROM pg_control_system(), pg_database WHERE datname = current_database()
$$;

-- Keeps an event in the caller's transaction: it is seen when that commits, and leaves no hole where it does not.
--
-- Refuses with one of these states, and a message that begins with what is wrong: DLG01 there is no such room, DLG02 the
-- room keeps no event of that name, DLG03 what is to be kept, DLG04 the sender or the key, DLG05 the transaction, DLG06 no
-- server has run over this database yet, DLG07 it is not the database that was meant. The room stays locked until the
-- transaction ends. `digest` is of what was sent, where the caller has one; else it is made of `data` and `meta`.
CREATE FUNCTION {schema}.dialogue_publish(
    room_id TEXT,
    event_name TEXT,
    data JSONB,
    from_user TEXT,
    meta JSONB DEFAULT NULL,
    key TEXT DEFAULT NULL,
    digest BYTEA DEFAULT NULL,
    database TEXT DEFAULT NULL,
    OUT seq BIGINT,
    OUT "timestamp" BIGINT,
    OUT duplicate BOOLEAN
)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    bounds {schema}.dialogue_bounds%ROWTYPE;
    room {schema}.dialogue_rooms%ROWTYPE;
    used {schema}.dialogue_keys%ROWTYPE;
    kept_names TEXT[];
    is_in_code BOOLEAN;
    flaw TEXT;
    now_ms BIGINT;
    place_in_stream BIGINT;
BEGIN
    -- At a higher level the head is read as it was when the transaction began.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'transaction: must be at READ COMMITTED, not at %',
            upper(current_setting('transaction_isolation')) USING ERRCODE = 'DLG05';
    END IF;
    IF database IS NOT NULL AND database <> {schema}.dialogue_database() THEN
        RAISE EXCEPTION 'database: this is %, not %', {schema}.dialogue_database(), database USING ERRCODE = 'DLG07';
    END IF;
    SELECT * INTO bounds FROM {schema}.dialogue_bounds;
    IF bounds.is_only IS NULL THEN
        RAISE EXCEPTION 'database: no server has run over it yet' USING ERRCODE = 'DLG06';
    END IF;

    flaw := {schema}.dialogue_flaw_of_user(dialogue_publish.from_user);
    IF flaw IS NOT NULL THEN
        RAISE EXCEPTION 'from_user: %', flaw USING ERRCODE = 'DLG04';
    END IF;
    IF length(dialogue_publish.key) NOT BETWEEN 1 AND 64 THEN
        RAISE EXCEPTION 'key: must have 1 to 64 characters, not %', length(dialogue_publish.key)
            USING ERRCODE = 'DLG04';
    END IF;
    IF data IS NULL THEN
        RAISE EXCEPTION 'data: must not be NULL; nothing is ''null''::jsonb' USING ERRCODE = 'DLG03';
    END IF;
    IF meta IS NOT NULL THEN
        flaw := CASE jsonb_typeof(meta) WHEN 'object'
            THEN {schema}.dialogue_flaw_of_json(meta, bounds.max_meta_size, bounds.max_values)
            ELSE 'must be an object' END;
        IF flaw IS NOT NULL THEN
            RAISE EXCEPTION 'meta: %', flaw USING ERRCODE = 'DLG03';
        END IF;
    END IF;
    -- As much as `weight` in domain/page.py leaves to the data.
    flaw := {schema}.dialogue_flaw_of_json(data, bounds.max_event_size - 160
        - 4 * length(concat(dialogue_publish.room_id, dialogue_publish.event_name, dialogue_publish.from_user))
        - coalesce({schema}.dialogue_json_size(meta), 0)::integer, bounds.max_values);
    IF flaw IS NOT NULL THEN
        RAISE EXCEPTION 'data: %', flaw USING ERRCODE = 'DLG03';
    END IF;

    SELECT * INTO room FROM {schema}.dialogue_rooms AS r WHERE r.room_id = dialogue_publish.room_id FOR UPDATE;
    SELECT k.event_names INTO kept_names FROM {schema}.dialogue_kept_names AS k
        WHERE k.room_id = dialogue_publish.room_id AND k.room_id <> '';
    is_in_code := kept_names IS NOT NULL;
    IF room.room_id IS NULL OR NOT (is_in_code OR room.definition IS NOT NULL) THEN
        RAISE EXCEPTION 'room_id: there is no room %', quote_nullable(dialogue_publish.room_id)
            USING ERRCODE = 'DLG01';
    END IF;
    IF NOT is_in_code THEN
        SELECT k.event_names INTO kept_names FROM {schema}.dialogue_kept_names AS k WHERE k.room_id = '';
        IF jsonb_typeof(room.definition::jsonb -> 'event_names') = 'array' THEN
            kept_names := ARRAY(
                SELECT name FROM unnest(kept_names) AS name
                WHERE room.definition::jsonb -> 'event_names' @> to_jsonb(name)
            );
        END IF;
    END IF;
    IF (dialogue_publish.event_name = ANY (kept_names)) IS NOT TRUE THEN
        RAISE EXCEPTION 'event_name: % %', quote_nullable(dialogue_publish.event_name), CASE
            WHEN starts_with(dialogue_publish.event_name, 'dialogue.') THEN 'is reserved'
            ELSE 'is no event that the room keeps' END USING ERRCODE = 'DLG02', DETAIL = to_jsonb(kept_names)::text;
    END IF;

    now_ms := floor(extract(EPOCH FROM clock_timestamp()) * 1000);
    IF key IS NOT NULL THEN
        SELECT sha256(string_agg(convert_to(octet_length(part) || ':', 'UTF8') || part, '' ORDER BY number))
            INTO used.key_id
            FROM unnest(ARRAY[dialogue_publish.room_id, room.epoch, dialogue_publish.from_user, dialogue_publish.key])
                WITH ORDINALITY AS given (text, number), convert_to(given.text, 'UTF8') AS part;
        digest := coalesce(digest, '\x02' || sha256(convert_to(
            jsonb_build_array(dialogue_publish.event_name, data, meta)::text, 'UTF8')));
        SELECT k.digest, k.seq, k.timestamp INTO used.digest, used.seq, used.timestamp
            FROM {schema}.dialogue_keys AS k WHERE k.key_id = used.key_id;
        IF used.timestamp >= now_ms - bounds.key_ttl_ms THEN
            IF used.digest <> dialogue_publish.digest
                AND get_byte(used.digest, 0) = get_byte(dialogue_publish.digest, 0) THEN
                RAISE EXCEPTION 'key: was used for another event, or other data, before' USING ERRCODE = 'DLG04';
            END IF;
            seq := used.seq;
            "timestamp" := used.timestamp;
            duplicate := TRUE;
            RETURN;
        END IF;
    END IF;

    UPDATE {schema}.dialogue_rooms AS r
        SET head = r.head + 1, last_timestamp = greatest(r.last_timestamp, now_ms), moved = pg_current_xact_id()
        WHERE r.room_id = dialogue_publish.room_id
        RETURNING r.head, r.last_timestamp INTO seq, "timestamp";
    INSERT INTO {schema}.dialogue_streams AS s (room_id, event_name, head, floor, floor_seq)
        VALUES (dialogue_publish.room_id, dialogue_publish.event_name, 1, 0, 0)
        ON CONFLICT (room_id, event_name) DO UPDATE SET head = s.head + 1
        RETURNING s.head INTO place_in_stream;
    INSERT INTO {schema}.messages
        (room_id, event_name, event_data, from_user, timestamp, created_at, seq, event_seq, meta)
        VALUES (
            dialogue_publish.room_id, dialogue_publish.event_name, dialogue_publish.data, dialogue_publish.from_user,
            dialogue_publish."timestamp", clock_timestamp() AT TIME ZONE 'UTC', dialogue_publish.seq, place_in_stream,
            dialogue_publish.meta
        );
    IF key IS NOT NULL THEN
        INSERT INTO {schema}.dialogue_keys AS k (key_id, digest, seq, timestamp)
            VALUES (used.key_id, dialogue_publish.digest, dialogue_publish.seq, dialogue_publish."timestamp")
            ON CONFLICT (key_id) DO UPDATE
            SET digest = excluded.digest, seq = excluded.seq, timestamp = excluded.timestamp;
    END IF;
    duplicate := FALSE;
END
$$;

-- Whoever is to publish is named by the administrator: GRANT EXECUTE ON FUNCTION dialogue_publish TO …;
REVOKE ALL ON FUNCTION {schema}.dialogue_publish FROM PUBLIC;
REVOKE ALL ON FUNCTION {schema}.dialogue_database FROM PUBLIC;
REVOKE ALL ON FUNCTION {schema}.dialogue_json_size FROM PUBLIC;
REVOKE ALL ON FUNCTION {schema}.dialogue_flaw_of_json FROM PUBLIC;
REVOKE ALL ON FUNCTION {schema}.dialogue_flaw_of_user FROM PUBLIC;
