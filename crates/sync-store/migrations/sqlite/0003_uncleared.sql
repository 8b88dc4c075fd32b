-- What of a staged record the importer keeps although it is gone, as a JSON list of fields and the attributes they fill.
ALTER TABLE staged ADD COLUMN kept TEXT;

-- Values that are gone in the directory and still in Assets.
CREATE TABLE uncleared (
    connection INTEGER NOT NULL REFERENCES connections (id),
    kind       TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    field      TEXT    NOT NULL,
    attribute  TEXT    NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    reason     TEXT    NOT NULL DEFAULT '',
    since      INTEGER NOT NULL,
    due        INTEGER NOT NULL,
    PRIMARY KEY (connection, kind, id, field)
) STRICT, WITHOUT ROWID;
CREATE INDEX uncleared_by_due ON uncleared (connection, due);

-- When an object was first confirmed as gone; empty while it lives.
ALTER TABLE objects ADD COLUMN gone_since INTEGER;
UPDATE objects SET gone_since = confirmed WHERE gone;
CREATE INDEX objects_gone ON objects (connection, gone_since) WHERE gone_since IS NOT NULL;

-- What was done that cannot be undone.
CREATE TABLE audit (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    connection INTEGER NOT NULL REFERENCES connections (id),
    at         INTEGER NOT NULL,
    what       TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    detail     TEXT    NOT NULL
) STRICT;
CREATE INDEX audit_by_connection ON audit (connection, number);
