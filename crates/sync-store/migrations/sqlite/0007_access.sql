-- Who may use the console. Of tokens and of cookies only SHA-256 is kept.
CREATE TABLE access_tokens (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    name      TEXT    NOT NULL,
    hash      BLOB    NOT NULL UNIQUE,
    role      TEXT    NOT NULL,
    created   INTEGER NOT NULL,
    expires   INTEGER,
    -- Coarse: written once a minute at most.
    last_used INTEGER,
    revoked   INTEGER
) STRICT;
CREATE UNIQUE INDEX access_token_names ON access_tokens (name) WHERE revoked IS NULL;

CREATE TABLE access_sessions (
    hash      BLOB    PRIMARY KEY,
    who       TEXT    NOT NULL,
    role      TEXT    NOT NULL,
    -- The token it was begun with; empty when another service signed the person in.
    token     INTEGER REFERENCES access_tokens (id) ON DELETE CASCADE,
    created   INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    expires   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
