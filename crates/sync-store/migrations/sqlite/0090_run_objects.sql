-- The objects that a run met in the directory, until it ends: what a plan or an event meets is no concern of another run.
CREATE TABLE run_objects (
    run    INTEGER NOT NULL REFERENCES runs (id),
    kind   TEXT    NOT NULL,
    id     TEXT    NOT NULL,
    -- It could not be read: it stays as it is in Assets, and is read again by id.
    unread INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run, kind, id)
) STRICT, WITHOUT ROWID;

-- A pass that is under way goes on with what it has seen.
INSERT OR IGNORE INTO run_objects (run, kind, id)
SELECT o.seen_run, o.kind, o.id FROM objects o JOIN runs r ON r.id = o.seen_run WHERE r.ended IS NULL
UNION
SELECT u.seen_run, u.kind, u.id FROM unconfirmed u JOIN runs r ON r.id = u.seen_run WHERE r.ended IS NULL;
ALTER TABLE objects DROP COLUMN seen_run;
ALTER TABLE unconfirmed DROP COLUMN seen_run;
