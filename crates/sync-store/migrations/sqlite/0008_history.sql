-- The run that a confirmed record came with.
ALTER TABLE objects ADD COLUMN run INTEGER;

-- What people call an object, to be searched: the record's fields that hold it, a line each. Of confirmed objects it is
-- stored, because an index over a generated column does not spare SQLite the records.
ALTER TABLE staged ADD COLUMN names TEXT NOT NULL GENERATED ALWAYS AS (lower(
    coalesce(record ->> '$.fields.profile_login', '') || char(10)
    || coalesce(record ->> '$.fields.profile_name', '') || char(10)
    || coalesce(record ->> '$.fields.profile_email', '') || char(10)
    || coalesce(record ->> '$.fields.profile_displayName', '') || char(10)
    || coalesce(record ->> '$.fields.profile_firstName', '') || ' '
    || coalesce(record ->> '$.fields.profile_lastName', ''))) VIRTUAL;
ALTER TABLE unconfirmed ADD COLUMN names TEXT NOT NULL GENERATED ALWAYS AS (lower(
    coalesce(record ->> '$.fields.profile_login', '') || char(10)
    || coalesce(record ->> '$.fields.profile_name', '') || char(10)
    || coalesce(record ->> '$.fields.profile_email', '') || char(10)
    || coalesce(record ->> '$.fields.profile_displayName', '') || char(10)
    || coalesce(record ->> '$.fields.profile_firstName', '') || ' '
    || coalesce(record ->> '$.fields.profile_lastName', ''))) VIRTUAL;
ALTER TABLE objects ADD COLUMN names TEXT NOT NULL DEFAULT '';
UPDATE objects SET names = lower(
    coalesce(record ->> '$.fields.profile_login', '') || char(10)
    || coalesce(record ->> '$.fields.profile_name', '') || char(10)
    || coalesce(record ->> '$.fields.profile_email', '') || char(10)
    || coalesce(record ->> '$.fields.profile_displayName', '') || char(10)
    || coalesce(record ->> '$.fields.profile_firstName', '') || ' '
    || coalesce(record ->> '$.fields.profile_lastName', ''));
-- Holds all that a search reads.
CREATE INDEX objects_by_names ON objects (connection, kind, names);

-- How a connection was doing, minute by minute. What is counted was counted since the row before.
CREATE TABLE samples (
    connection    INTEGER NOT NULL REFERENCES connections (id),
    at            INTEGER NOT NULL,
    -- In seconds.
    oldest_change INTEGER,
    freshness     INTEGER,
    pending       INTEGER NOT NULL,
    dead          INTEGER NOT NULL,
    unconfirmed   INTEGER NOT NULL,
    settled       INTEGER NOT NULL,
    sent          INTEGER NOT NULL,
    executions    INTEGER NOT NULL,
    requests      INTEGER NOT NULL,
    refused       INTEGER NOT NULL,
    -- In thousandths.
    rate_limit    INTEGER,
    PRIMARY KEY (connection, at)
) STRICT, WITHOUT ROWID;
