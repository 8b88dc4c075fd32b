-- Losses that were sent lately, so that the safeguards hold over time and not only for one run.
CREATE TABLE recent_losses (
    connection INTEGER NOT NULL REFERENCES connections (id),
    -- 'object', 'membership' or 'value'.
    loss       TEXT    NOT NULL,
    -- The object that lost it.
    kind       TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    -- The group of a membership, the field of a value; empty for an object.
    detail     TEXT    NOT NULL,
    lost_at    INTEGER NOT NULL,
    PRIMARY KEY (connection, loss, kind, id, detail)
) STRICT, WITHOUT ROWID;

-- Objects whose changes a safeguard holds back until an administrator overrides it.
CREATE TABLE blocked_objects (
    connection INTEGER NOT NULL REFERENCES connections (id),
    kind       TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    blocked_at INTEGER NOT NULL,
    PRIMARY KEY (connection, kind, id)
) STRICT, WITHOUT ROWID;
