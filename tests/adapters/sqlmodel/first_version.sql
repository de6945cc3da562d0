-- A database of the first version: a room of the application's, one made at run time, one that was deleted.
BEGIN TRANSACTION;
CREATE TABLE dialogue_alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT dialogue_alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "dialogue_alembic_version" VALUES('0001');
CREATE TABLE dialogue_keys (
    key_id BLOB NOT NULL,
    digest BLOB NOT NULL,
    seq BIGINT NOT NULL,
    timestamp BIGINT NOT NULL,
    PRIMARY KEY (key_id)
)
 WITHOUT ROWID
;
CREATE TABLE dialogue_nodes (
    node_id VARCHAR(64) NOT NULL,
    started_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL,
    seen_at TIMESTAMP,
    is_durable BOOLEAN NOT NULL,
    PRIMARY KEY (node_id)
);
CREATE TABLE dialogue_read_marks (
    user_id VARCHAR(255) NOT NULL,
    room_id VARCHAR(255) NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (user_id, room_id)
)
 WITHOUT ROWID
;
INSERT INTO "dialogue_read_marks" VALUES('ada','general',1);
INSERT INTO "dialogue_read_marks" VALUES('eve','gone',2);
CREATE TABLE dialogue_rooms (
    room_id VARCHAR(255) NOT NULL,
    epoch VARCHAR(64) NOT NULL,
    head BIGINT NOT NULL,
    floor BIGINT NOT NULL,
    swept BIGINT NOT NULL,
    last_timestamp BIGINT NOT NULL,
    definition JSON,
    PRIMARY KEY (room_id)
)
 WITHOUT ROWID
;
INSERT INTO "dialogue_rooms" VALUES('general','396908bc99a2d598',3,0,0,1700000000000,NULL);
INSERT INTO "dialogue_rooms" VALUES('gone','09f0a25d536e5ba1',3,3,0,1700000000000,NULL);
INSERT INTO "dialogue_rooms" VALUES('made','55a3f3d23876fec7',1,0,0,1700000000000,'{"name": "Made", "description": null, "max_size": null, "event_names": null, "created_by_id": "ada"}');
CREATE TABLE dialogue_streams (
    room_id VARCHAR(255) NOT NULL,
    event_name VARCHAR(100) NOT NULL,
    head BIGINT NOT NULL,
    floor BIGINT NOT NULL,
    floor_seq BIGINT NOT NULL,
    told BIGINT,
    PRIMARY KEY (room_id, event_name)
)
 WITHOUT ROWID
;
INSERT INTO "dialogue_streams" VALUES('general','message',3,0,0,NULL);
INSERT INTO "dialogue_streams" VALUES('gone','message',3,3,3,NULL);
INSERT INTO "dialogue_streams" VALUES('made','message',1,0,0,NULL);
CREATE TABLE dialogue_writers (
    writer_id VARCHAR(64) NOT NULL,
    batch BIGINT NOT NULL,
    PRIMARY KEY (writer_id)
);
INSERT INTO "dialogue_writers" VALUES('5fd7f9d1232baecc',4);
CREATE TABLE messages (
    id INTEGER NOT NULL,
    room_id VARCHAR(255) NOT NULL,
    event_name VARCHAR(100) NOT NULL,
    event_data JSON,
    from_user VARCHAR(255) NOT NULL,
    timestamp BIGINT NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    seq BIGINT NOT NULL,
    event_seq BIGINT NOT NULL,
    meta JSON,
    PRIMARY KEY (id)
);
INSERT INTO "messages" VALUES(1,'general','message','{"n": 0}','ada',1700000000000,'2026-11-26 08:26:11',1,1,NULL);
INSERT INTO "messages" VALUES(2,'general','message','{"n": 1}','ada',1700000000000,'2026-11-26 08:26:11',2,2,NULL);
INSERT INTO "messages" VALUES(3,'general','message','{"n": 0}','bob',1700000000000,'2026-11-26 08:26:11',3,3,NULL);
INSERT INTO "messages" VALUES(4,'made','message','{"n": 0}','ada',1700000000000,'2026-11-26 08:26:11',1,1,NULL);
INSERT INTO "messages" VALUES(5,'gone','message','{"n": 0}','eve',1700000000000,'2026-11-26 08:26:11',1,1,NULL);
INSERT INTO "messages" VALUES(6,'gone','message','{"n": 1}','eve',1700000000000,'2026-11-26 08:26:11',2,2,NULL);
INSERT INTO "messages" VALUES(7,'gone','message','{"n": 2}','eve',1700000000000,'2026-11-26 08:26:11',3,3,NULL);
CREATE INDEX ix_dialogue_rooms_unswept ON dialogue_rooms (room_id) WHERE swept < floor;
CREATE INDEX ix_dialogue_keys_timestamp ON dialogue_keys (timestamp);
CREATE UNIQUE INDEX ux_messages_room_seq ON messages (room_id, seq);
CREATE UNIQUE INDEX ux_messages_stream_seq ON messages (room_id, event_name, event_seq);
CREATE INDEX ix_messages_stream ON messages (room_id, event_name, seq);
CREATE INDEX ix_messages_time ON messages (room_id, timestamp);
COMMIT;
