-- Changes that people made, through the console, the API, or the command line. Nothing in it is secret.
CREATE TABLE audit_log (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    -- The name of a token or person, or the user of the operating system.
    actor      TEXT    NOT NULL,
    -- session, token, or cli.
    via        TEXT    NOT NULL,
    -- The address of the client; empty on this machine.
    origin     TEXT,
    action     TEXT    NOT NULL,
    connection TEXT,
    subject    TEXT,
    -- JSON: the request, and the state before and after it as far as it changed.
    request    TEXT,
    before     TEXT,
    after      TEXT,
    succeeded  INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_log_times ON audit_log (at);
