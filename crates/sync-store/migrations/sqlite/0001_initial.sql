-- One org and one import source.
CREATE TABLE connections (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- Times are milliseconds since 1970-01-01 UTC.
CREATE TABLE runs (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    connection INTEGER NOT NULL REFERENCES connections (id),
    kind       TEXT    NOT NULL,
    started    INTEGER NOT NULL,
    ended      INTEGER,
    report     TEXT
) STRICT;
CREATE INDEX runs_by_connection ON runs (connection, id);

-- The objects as they were confirmed last.
CREATE TABLE objects (
    connection  INTEGER NOT NULL REFERENCES connections (id),
    kind        TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    fingerprint BLOB    NOT NULL,
    gone        INTEGER NOT NULL,
    -- To be sent again although unchanged: something it refers to came later.
    dirty       INTEGER NOT NULL DEFAULT 0,
    read_at     INTEGER NOT NULL,
    confirmed   INTEGER NOT NULL,
    -- The last full run whose listing held it.
    seen_run    INTEGER,
    answers_to  TEXT    NOT NULL,
    record      TEXT    NOT NULL,
    PRIMARY KEY (connection, kind, id)
) STRICT, WITHOUT ROWID;

-- What the confirmed objects refer to.
CREATE TABLE links (
    connection INTEGER NOT NULL REFERENCES connections (id),
    kind       TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    to_kind    TEXT    NOT NULL,
    to_value   TEXT    NOT NULL,
    PRIMARY KEY (connection, kind, id, to_kind, to_value)
) STRICT, WITHOUT ROWID;
CREATE INDEX links_by_target ON links (connection, to_kind, to_value);

-- What a run would send.
CREATE TABLE staged (
    run         INTEGER NOT NULL REFERENCES runs (id),
    kind        TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    change      TEXT    NOT NULL,
    fingerprint BLOB    NOT NULL,
    read_at     INTEGER NOT NULL,
    answers_to  TEXT    NOT NULL,
    record      TEXT    NOT NULL,
    PRIMARY KEY (run, kind, id)
) STRICT, WITHOUT ROWID;

-- Memberships as a run lists them, group by group.
CREATE TABLE noted_members (
    run      INTEGER NOT NULL REFERENCES runs (id),
    user_id  TEXT    NOT NULL,
    group_id TEXT    NOT NULL,
    PRIMARY KEY (run, user_id, group_id)
) STRICT, WITHOUT ROWID;

-- Executions whose end has not been recorded yet.
CREATE TABLE executions (
    connection INTEGER NOT NULL REFERENCES connections (id),
    id         TEXT    NOT NULL,
    run        INTEGER NOT NULL REFERENCES runs (id),
    started    INTEGER NOT NULL,
    PRIMARY KEY (connection, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    connection INTEGER NOT NULL REFERENCES connections (id),
    id         TEXT    NOT NULL,
    event_type TEXT    NOT NULL,
    published  INTEGER NOT NULL,
    received   INTEGER NOT NULL,
    state      TEXT    NOT NULL,
    settled    INTEGER,
    reason     TEXT,
    PRIMARY KEY (connection, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX events_by_state ON events (connection, state, published);

-- What the events fold into: each object once, however many events name it.
CREATE TABLE looks (
    connection   INTEGER NOT NULL REFERENCES connections (id),
    kind         TEXT    NOT NULL,
    id           TEXT    NOT NULL,
    at_least     INTEGER,
    expects_gone INTEGER NOT NULL,
    attempts     INTEGER NOT NULL,
    -- Grows when another event asks for the same object.
    sequence     INTEGER NOT NULL,
    due          INTEGER NOT NULL,
    PRIMARY KEY (connection, kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX looks_by_due ON looks (connection, due);

-- Which looks an event still waits for, and up to which sequence.
CREATE TABLE waiting (
    connection INTEGER NOT NULL REFERENCES connections (id),
    kind       TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    event      TEXT    NOT NULL,
    sequence   INTEGER NOT NULL,
    PRIMARY KEY (connection, kind, id, event)
) STRICT, WITHOUT ROWID;
CREATE INDEX waiting_by_event ON waiting (connection, event);
