-- Objects of the directory that a run could not read, until they are read. An item without an ID has an empty one, and only a
-- full run that meets none proves it to be read.
CREATE TABLE unread_objects (
    connection INTEGER NOT NULL REFERENCES connections (id),
    kind       TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    PRIMARY KEY (connection, kind, id)
) STRICT, WITHOUT ROWID;
