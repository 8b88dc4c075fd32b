-- How far a pass over the directory has come, so that another process can go on with it.
ALTER TABLE runs ADD COLUMN pass TEXT;

-- Groups whose members a pass lists.
CREATE TABLE noted_groups (
    run      INTEGER NOT NULL REFERENCES runs (id),
    group_id TEXT    NOT NULL,
    listed   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run, group_id)
) STRICT, WITHOUT ROWID;

-- Records that Assets did not account for, as they were sent.
CREATE TABLE unconfirmed (
    connection  INTEGER NOT NULL REFERENCES connections (id),
    kind        TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    change      TEXT    NOT NULL,
    fingerprint BLOB    NOT NULL,
    read_at     INTEGER NOT NULL,
    answers_to  TEXT    NOT NULL,
    record      TEXT    NOT NULL,
    attempts    INTEGER NOT NULL,
    reason      TEXT    NOT NULL,
    due         INTEGER NOT NULL,
    seen_run    INTEGER,
    PRIMARY KEY (connection, kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX unconfirmed_by_due ON unconfirmed (connection, due);

-- Deliveries by the id that their repeats share.
CREATE TABLE deliveries (
    connection INTEGER NOT NULL REFERENCES connections (id),
    id         TEXT    NOT NULL,
    received   INTEGER NOT NULL,
    PRIMARY KEY (connection, id)
) STRICT, WITHOUT ROWID;

-- How far the directory's log was read.
CREATE TABLE feeds (
    connection INTEGER PRIMARY KEY REFERENCES connections (id),
    state      TEXT NOT NULL
) STRICT;

-- Full runs that the sending process is asked for by others.
CREATE TABLE requests (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    connection    INTEGER NOT NULL REFERENCES connections (id),
    accept_shrink INTEGER NOT NULL,
    asked         INTEGER NOT NULL,
    taken         INTEGER NOT NULL DEFAULT 0,
    run           INTEGER
) STRICT;

-- Nothing is sent before this time.
CREATE TABLE pauses (
    connection INTEGER PRIMARY KEY REFERENCES connections (id),
    until      INTEGER NOT NULL
) STRICT;

-- Claimed by a worker until then.
ALTER TABLE looks ADD COLUMN claimed_until INTEGER NOT NULL DEFAULT 0;
