-- Records have 1 to 10 KB. In a table without row ids each of them takes pages of its own; here several share one.
CREATE TABLE objects_by_row (
    connection   INTEGER NOT NULL REFERENCES connections (id),
    kind         TEXT    NOT NULL,
    id           TEXT    NOT NULL,
    fingerprint  BLOB    NOT NULL,
    gone         INTEGER NOT NULL,
    -- To be sent again although unchanged: something it refers to came later.
    dirty        INTEGER NOT NULL DEFAULT 0,
    read_at      INTEGER NOT NULL,
    confirmed    INTEGER NOT NULL,
    answers_to   TEXT    NOT NULL,
    record       TEXT    NOT NULL,
    gone_since   INTEGER,
    run          INTEGER,
    names        TEXT    NOT NULL DEFAULT '',
    alias        TEXT GENERATED ALWAYS AS (record ->> '$.alias.value') VIRTUAL,
    wanted_alias TEXT GENERATED ALWAYS AS (record ->> '$.alias_reference.alias') VIRTUAL,
    reading      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (connection, kind, id)
) STRICT;
INSERT INTO objects_by_row (connection, kind, id, fingerprint, gone, dirty, read_at, confirmed, answers_to, record,
                            gone_since, run, names, reading)
SELECT connection, kind, id, fingerprint, gone, dirty, read_at, confirmed, answers_to, record, gone_since, run, names, reading
FROM objects;
DROP TABLE objects;
ALTER TABLE objects_by_row RENAME TO objects;
CREATE INDEX objects_gone ON objects (connection, gone_since) WHERE gone_since IS NOT NULL;
CREATE INDEX objects_by_names ON objects (connection, kind, names, id);
CREATE INDEX objects_by_alias ON objects (connection, kind, alias) WHERE alias IS NOT NULL;
CREATE INDEX objects_by_wanted_alias ON objects (connection, wanted_alias) WHERE wanted_alias IS NOT NULL;
CREATE INDEX objects_in_doubt ON objects (connection) WHERE dirty AND NOT gone;

CREATE TABLE staged_by_row (
    run          INTEGER NOT NULL REFERENCES runs (id),
    kind         TEXT    NOT NULL,
    id           TEXT    NOT NULL,
    change       TEXT    NOT NULL,
    fingerprint  BLOB    NOT NULL,
    read_at      INTEGER NOT NULL,
    answers_to   TEXT    NOT NULL,
    record       TEXT    NOT NULL,
    kept         TEXT,
    names        TEXT    NOT NULL GENERATED ALWAYS AS (lower(
        coalesce(record ->> '$.fields.profile_login', '') || char(10)
        || coalesce(record ->> '$.fields.profile_name', '') || char(10)
        || coalesce(record ->> '$.fields.profile_email', '') || char(10)
        || coalesce(record ->> '$.fields.profile_displayName', '') || char(10)
        || coalesce(record ->> '$.fields.profile_firstName', '') || ' '
        || coalesce(record ->> '$.fields.profile_lastName', ''))) VIRTUAL,
    alias        TEXT GENERATED ALWAYS AS (record ->> '$.alias.value') VIRTUAL,
    wanted_alias TEXT GENERATED ALWAYS AS (record ->> '$.alias_reference.alias') VIRTUAL,
    reading      INTEGER NOT NULL DEFAULT 0,
    stored       INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run, kind, id)
) STRICT;
INSERT INTO staged_by_row (run, kind, id, change, fingerprint, read_at, answers_to, record, kept, reading, stored)
SELECT run, kind, id, change, fingerprint, read_at, answers_to, record, kept, reading, stored FROM staged;
DROP TABLE staged;
ALTER TABLE staged_by_row RENAME TO staged;
CREATE INDEX staged_by_alias ON staged (run, kind, alias) WHERE alias IS NOT NULL;
CREATE INDEX staged_by_wanted_alias ON staged (run, wanted_alias) WHERE wanted_alias IS NOT NULL;
