-- Losses age by the directory's own time: NULL until an answer of the directory came after the loss. Times of an earlier
-- version were this machine's, and prove nothing.
CREATE TABLE recent_losses_by_directory (
    connection INTEGER NOT NULL REFERENCES connections (id),
    loss       TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    detail     TEXT    NOT NULL,
    lost_at    INTEGER,
    PRIMARY KEY (connection, loss, kind, id, detail)
) STRICT, WITHOUT ROWID;
INSERT INTO recent_losses_by_directory (connection, loss, kind, id, detail)
    SELECT connection, loss, kind, id, detail FROM recent_losses;
DROP TABLE recent_losses;
ALTER TABLE recent_losses_by_directory RENAME TO recent_losses;
