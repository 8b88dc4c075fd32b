-- Connections that were saved in the console; those of the configuration file are not here.
CREATE TABLE saved_connections (
    name     TEXT    PRIMARY KEY,
    -- JSON, without secrets.
    settings TEXT    NOT NULL,
    saved    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Their secrets, each encrypted for its place.
CREATE TABLE saved_secrets (
    connection TEXT NOT NULL REFERENCES saved_connections (name) ON DELETE CASCADE,
    field      TEXT NOT NULL,
    -- The key that it is encrypted under.
    key_id     TEXT NOT NULL,
    sealed     BLOB NOT NULL,
    PRIMARY KEY (connection, field)
) STRICT, WITHOUT ROWID;
