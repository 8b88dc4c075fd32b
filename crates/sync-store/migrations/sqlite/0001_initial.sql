-- The state of the sync, as the reference of the schema.
--
-- Times are milliseconds since 1970-01-01 UTC; `_at` is a point in time, `_until` and `_through` are limits.
-- `_seq` is a number from the sequence of the connection (connections.last_seq), which decides what came later; times are for
-- display. Booleans are 0 or 1. Objects and subjects are named by `kind` and `id`, which are Okta's IDs; words in `kind`,
-- `change`, `state`, and `role` are those of the API.

---------------------------------------------------------------------------------------------------------------------------
-- Store and connections

-- A random number that tells this store from any other at the same path.
CREATE TABLE store_identity (
    id TEXT NOT NULL
) STRICT;
INSERT INTO store_identity (id) VALUES (lower(hex(randomblob(16))));

-- Connections: an Okta org and the import source that it feeds.
CREATE TABLE connections (
    id              INTEGER PRIMARY KEY,
    name            TEXT    NOT NULL UNIQUE,
    -- The scope of the last full sync; empty if that was everything.
    scope_version   TEXT    NOT NULL DEFAULT '',
    -- The import source and object schema that confirmations belong to, as JSON; empty before the first comparison.
    place           TEXT    NOT NULL DEFAULT '',
    -- The facts that the last self-test found, as JSON; empty before the first one.
    site_facts      TEXT    NOT NULL DEFAULT '',
    -- The last number of the sequence. It numbers readings of the directory and writes that change events.
    last_seq        INTEGER NOT NULL DEFAULT 0,
    -- Okta's own time up to which everything was read and sent.
    synced_through  INTEGER,
    -- The lead of the local clock over Okta's at the last comparison.
    clock_offset_ms INTEGER,
    -- The time until which a rate limit holds requests of the leader back.
    throttled_until INTEGER,
    -- What the leader reports to other processes: firing alerts and times of checks, as JSON.
    leader_report   TEXT
) STRICT;

-- Connections that were saved in the console; those of the configuration file are not here.
CREATE TABLE saved_connections (
    name     TEXT    PRIMARY KEY,
    -- JSON, without secrets.
    settings TEXT    NOT NULL,
    saved_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Secrets of saved connections, each encrypted for its field.
CREATE TABLE saved_secrets (
    -- The name of the connection.
    connection_id TEXT NOT NULL REFERENCES saved_connections (name) ON DELETE CASCADE,
    field         TEXT NOT NULL,
    -- The master key that encrypts it.
    key_id        TEXT NOT NULL,
    ciphertext    BLOB NOT NULL,
    PRIMARY KEY (connection_id, field)
) STRICT, WITHOUT ROWID;

---------------------------------------------------------------------------------------------------------------------------
-- Runs

-- Syncs and plans. A run without an end is active, or its process ended.
CREATE TABLE runs (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    connection_id INTEGER NOT NULL REFERENCES connections (id),
    kind          TEXT    NOT NULL,
    started_at    INTEGER NOT NULL,
    ended_at      INTEGER,
    -- The saved position, as JSON, from which any process can resume.
    checkpoint    TEXT,
    -- The report of an ended run, as JSON.
    report        TEXT
) STRICT;
CREATE INDEX runs_by_connection_id ON runs (connection_id, id);
CREATE INDEX open_runs ON runs (connection_id) WHERE ended_at IS NULL;

-- Objects that a run has met in the directory, until the run ends.
CREATE TABLE run_objects (
    run_id     INTEGER NOT NULL REFERENCES runs (id),
    kind       TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    -- True if the object could not be read: it stays as it is in Assets, and is read again by ID.
    unreadable INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run_id, kind, id)
) STRICT, WITHOUT ROWID;

-- Groups whose members a run lists, until the run ends.
CREATE TABLE listed_groups (
    run_id         INTEGER NOT NULL REFERENCES runs (id),
    group_id       TEXT    NOT NULL,
    -- True if the listing of the members reached its end.
    members_listed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run_id, group_id)
) STRICT, WITHOUT ROWID;

-- Memberships that a run has listed, until the run ends.
CREATE TABLE listed_members (
    run_id   INTEGER NOT NULL REFERENCES runs (id),
    user_id  TEXT    NOT NULL,
    group_id TEXT    NOT NULL,
    PRIMARY KEY (run_id, user_id, group_id)
) STRICT, WITHOUT ROWID;

-- Changes that a run will send. Records have 1 to 10 KB; with row IDs, several share a page.
CREATE TABLE staged_changes (
    run_id           INTEGER NOT NULL REFERENCES runs (id),
    kind             TEXT    NOT NULL,
    id               TEXT    NOT NULL,
    -- 'create', 'update', or 'retire'.
    change           TEXT    NOT NULL,
    fingerprint      BLOB    NOT NULL,
    read_seq         INTEGER NOT NULL,
    read_at          INTEGER NOT NULL,
    reference_key    TEXT    NOT NULL,
    record           TEXT    NOT NULL,
    -- Values that the import source keeps although the record clears them: a JSON list of fields and their attributes.
    stale_values     TEXT,
    -- True if Assets holds the record as it was sent.
    stored           INTEGER NOT NULL DEFAULT 0,
    search_text      TEXT    NOT NULL GENERATED ALWAYS AS (lower(
        coalesce(record ->> '$.fields.profile_login', '') || char(10)
        || coalesce(record ->> '$.fields.profile_name', '') || char(10)
        || coalesce(record ->> '$.fields.profile_email', '') || char(10)
        || coalesce(record ->> '$.fields.profile_displayName', '') || char(10)
        || coalesce(record ->> '$.fields.profile_firstName', '') || ' '
        || coalesce(record ->> '$.fields.profile_lastName', ''))) VIRTUAL,
    alias            TEXT GENERATED ALWAYS AS (record ->> '$.alias.value') VIRTUAL,
    referenced_alias TEXT GENERATED ALWAYS AS (record ->> '$.alias_reference.alias') VIRTUAL,
    PRIMARY KEY (run_id, kind, id)
) STRICT;
CREATE INDEX staged_changes_by_alias ON staged_changes (run_id, kind, alias) WHERE alias IS NOT NULL;
CREATE INDEX staged_changes_by_referenced_alias ON staged_changes (run_id, referenced_alias)
    WHERE referenced_alias IS NOT NULL;

-- Executions of each run, for as long as the run is stored.
CREATE TABLE run_executions (
    run_id     INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    id         TEXT    NOT NULL,
    started_at INTEGER NOT NULL,
    -- Empty while the outcome is unknown.
    ended_at   INTEGER,
    -- True if Assets processed it; otherwise it had no effect.
    processed  INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run_id, id)
) STRICT, WITHOUT ROWID;

-- Executions whose end is not recorded yet.
CREATE TABLE open_executions (
    connection_id INTEGER NOT NULL REFERENCES connections (id),
    id            TEXT    NOT NULL,
    run_id        INTEGER NOT NULL REFERENCES runs (id),
    started_at    INTEGER NOT NULL,
    -- The number of times that confirmations had been doubted when it started (`doubts` in connections.place). If another
    -- doubt follows, the records that it confirms are sent again.
    resend_count  INTEGER NOT NULL,
    PRIMARY KEY (connection_id, id)
) STRICT, WITHOUT ROWID;
-- Deleting a run searches the executions that refer to it.
CREATE INDEX open_executions_by_run_id ON open_executions (run_id);

---------------------------------------------------------------------------------------------------------------------------
-- Records

-- The last record of each object that Assets confirmed. Records have 1 to 10 KB; with row IDs, several share a page.
CREATE TABLE confirmed_records (
    connection_id    INTEGER NOT NULL REFERENCES connections (id),
    kind             TEXT    NOT NULL,
    id               TEXT    NOT NULL,
    fingerprint      BLOB    NOT NULL,
    -- True if the object is marked as deleted or out of scope.
    retired          INTEGER NOT NULL,
    -- The first time that the object was confirmed as retired.
    retired_at       INTEGER,
    -- True if the record is sent again although it is unchanged.
    resend_pending   INTEGER NOT NULL,
    read_seq         INTEGER NOT NULL,
    read_at          INTEGER NOT NULL,
    confirmed_at     INTEGER NOT NULL,
    -- The run that sent it; its row may be deleted.
    run_id           INTEGER,
    -- The value by which other records refer to it; empty if Assets may have lost the object.
    reference_key    TEXT    NOT NULL,
    record           TEXT    NOT NULL,
    -- Names of the object, one per line. Stored, because an index over a generated column still reads the records.
    search_text      TEXT    NOT NULL,
    -- Values other than IDs by which records refer to each other: the record's own, and the one that it refers to.
    alias            TEXT GENERATED ALWAYS AS (record ->> '$.alias.value') VIRTUAL,
    referenced_alias TEXT GENERATED ALWAYS AS (record ->> '$.alias_reference.alias') VIRTUAL,
    PRIMARY KEY (connection_id, kind, id)
) STRICT;
CREATE INDEX confirmed_records_by_retired_at ON confirmed_records (connection_id, retired_at) WHERE retired_at IS NOT NULL;
-- Covers a search.
CREATE INDEX confirmed_records_by_search_text ON confirmed_records (connection_id, kind, search_text, id);
CREATE INDEX confirmed_records_by_alias ON confirmed_records (connection_id, kind, alias) WHERE alias IS NOT NULL;
CREATE INDEX confirmed_records_by_referenced_alias ON confirmed_records (connection_id, referenced_alias)
    WHERE referenced_alias IS NOT NULL;
-- Counted for every view of the connection.
CREATE INDEX confirmed_records_by_resend_pending ON confirmed_records (connection_id) WHERE resend_pending AND NOT retired;

-- References of confirmed records.
CREATE TABLE record_references (
    connection_id INTEGER NOT NULL REFERENCES connections (id),
    kind          TEXT    NOT NULL,
    id            TEXT    NOT NULL,
    target_kind   TEXT    NOT NULL,
    target_key    TEXT    NOT NULL,
    PRIMARY KEY (connection_id, kind, id, target_kind, target_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX record_references_by_target_key ON record_references (connection_id, target_kind, target_key);

-- Records that were sent but not confirmed. They are sent again in lots until the rejected ones are found.
CREATE TABLE unconfirmed_records (
    connection_id    INTEGER NOT NULL REFERENCES connections (id),
    kind             TEXT    NOT NULL,
    id               TEXT    NOT NULL,
    change           TEXT    NOT NULL,
    fingerprint      BLOB    NOT NULL,
    read_seq         INTEGER NOT NULL,
    read_at          INTEGER NOT NULL,
    reference_key    TEXT    NOT NULL,
    record           TEXT    NOT NULL,
    attempts         INTEGER NOT NULL,
    reason           TEXT    NOT NULL,
    next_attempt_at  INTEGER NOT NULL,
    -- The last run that sent it; its row may be deleted.
    run_id           INTEGER,
    -- 0 for a record that is assumed to be good, otherwise the run whose execution dropped records of the lot.
    lot              INTEGER NOT NULL DEFAULT 0,
    -- The number of bad records that is assumed of the lot.
    bad_in_lot       INTEGER NOT NULL DEFAULT 0,
    -- The number of executions that failed because of this record alone. From two on, the record counts as rejected.
    single_failures  INTEGER NOT NULL DEFAULT 0,
    search_text      TEXT    NOT NULL GENERATED ALWAYS AS (lower(
        coalesce(record ->> '$.fields.profile_login', '') || char(10)
        || coalesce(record ->> '$.fields.profile_name', '') || char(10)
        || coalesce(record ->> '$.fields.profile_email', '') || char(10)
        || coalesce(record ->> '$.fields.profile_displayName', '') || char(10)
        || coalesce(record ->> '$.fields.profile_firstName', '') || ' '
        || coalesce(record ->> '$.fields.profile_lastName', ''))) VIRTUAL,
    alias            TEXT GENERATED ALWAYS AS (record ->> '$.alias.value') VIRTUAL,
    referenced_alias TEXT GENERATED ALWAYS AS (record ->> '$.alias_reference.alias') VIRTUAL,
    PRIMARY KEY (connection_id, kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX unconfirmed_records_by_next_attempt_at ON unconfirmed_records (connection_id, next_attempt_at);
CREATE INDEX unconfirmed_records_by_run_id ON unconfirmed_records (connection_id, run_id);
CREATE INDEX unconfirmed_records_by_alias ON unconfirmed_records (connection_id, kind, alias) WHERE alias IS NOT NULL;
CREATE INDEX unconfirmed_records_by_referenced_alias ON unconfirmed_records (connection_id, referenced_alias)
    WHERE referenced_alias IS NOT NULL;

-- References of unconfirmed records, kept by triggers.
CREATE TABLE unconfirmed_references (
    connection_id INTEGER NOT NULL REFERENCES connections (id),
    kind          TEXT    NOT NULL,
    id            TEXT    NOT NULL,
    target_kind   TEXT    NOT NULL,
    target_key    TEXT    NOT NULL,
    PRIMARY KEY (connection_id, kind, id, target_kind, target_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX unconfirmed_references_by_target_key ON unconfirmed_references (connection_id, target_kind, target_key);

CREATE TRIGGER unconfirmed_records_inserted AFTER INSERT ON unconfirmed_records BEGIN
    INSERT OR IGNORE INTO unconfirmed_references (connection_id, kind, id, target_kind, target_key)
    SELECT new.connection_id, new.kind, new.id, r.value ->> 'kind', r.value ->> 'reference_key'
    FROM json_each(new.record, '$.references') r;
END;
CREATE TRIGGER unconfirmed_records_updated AFTER UPDATE OF record ON unconfirmed_records BEGIN
    DELETE FROM unconfirmed_references WHERE connection_id = old.connection_id AND kind = old.kind AND id = old.id;
    INSERT OR IGNORE INTO unconfirmed_references (connection_id, kind, id, target_kind, target_key)
    SELECT new.connection_id, new.kind, new.id, r.value ->> 'kind', r.value ->> 'reference_key'
    FROM json_each(new.record, '$.references') r;
END;
CREATE TRIGGER unconfirmed_records_deleted AFTER DELETE ON unconfirmed_records BEGIN
    DELETE FROM unconfirmed_references WHERE connection_id = old.connection_id AND kind = old.kind AND id = old.id;
END;

-- Values that were cleared in Okta and remain in Assets.
CREATE TABLE stale_values (
    connection_id   INTEGER NOT NULL REFERENCES connections (id),
    kind            TEXT    NOT NULL,
    id              TEXT    NOT NULL,
    field           TEXT    NOT NULL,
    attribute       TEXT    NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    reason          TEXT    NOT NULL DEFAULT '',
    became_stale_at INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    PRIMARY KEY (connection_id, kind, id, field)
) STRICT, WITHOUT ROWID;
CREATE INDEX stale_values_by_next_attempt_at ON stale_values (connection_id, next_attempt_at);

-- Objects that a reading proved to be absent while Assets didn't have them, as long as another run is open: it may send an older
-- reading.
CREATE TABLE absent_objects (
    connection_id INTEGER NOT NULL REFERENCES connections (id),
    kind          TEXT    NOT NULL,
    id            TEXT    NOT NULL,
    -- The number of the reading.
    read_seq      INTEGER NOT NULL,
    PRIMARY KEY (connection_id, kind, id)
) STRICT, WITHOUT ROWID;

-- Objects of the directory that a run could not read, until they are read. An item without an ID has an empty one; only a full
-- sync that meets none removes it.
CREATE TABLE unreadable_objects (
    connection_id INTEGER NOT NULL REFERENCES connections (id),
    kind          TEXT    NOT NULL,
    id            TEXT    NOT NULL,
    PRIMARY KEY (connection_id, kind, id)
) STRICT, WITHOUT ROWID;

---------------------------------------------------------------------------------------------------------------------------
-- Events and work

-- Okta System Log events from either event source, by their UUID.
CREATE TABLE events (
    connection_id         INTEGER NOT NULL REFERENCES connections (id),
    id                    TEXT    NOT NULL,
    event_type            TEXT    NOT NULL,
    published_at          INTEGER NOT NULL,
    received_at           INTEGER NOT NULL,
    state                 TEXT    NOT NULL,
    completed_at          INTEGER,
    -- The finding of a failed or blocked event, as JSON.
    failure               TEXT,
    -- The kinds and IDs of the work items that the event requests, as a JSON list.
    subjects              TEXT    NOT NULL,
    -- True if an object must be read at least as new as the event.
    requires_newer_object INTEGER NOT NULL,
    -- True if the object is expected to be deleted.
    expect_deleted        INTEGER NOT NULL,
    -- The write that stored the event.
    arrived_seq           INTEGER NOT NULL,
    -- The last write that changed the event: a reader that follows the events continues from it.
    change_seq            INTEGER NOT NULL,
    PRIMARY KEY (connection_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX events_by_state ON events (connection_id, state, published_at);
CREATE INDEX events_by_change_seq ON events (connection_id, change_seq);

-- Work items: each subject once, however many events name it.
CREATE TABLE work_queue (
    connection_id   INTEGER NOT NULL REFERENCES connections (id),
    kind            TEXT    NOT NULL,
    id              TEXT    NOT NULL,
    -- The time that the object must have been updated at, or after.
    not_older_than  INTEGER,
    expect_deleted  INTEGER NOT NULL,
    attempts        INTEGER NOT NULL,
    -- Grows if another event requests the same subject.
    sequence        INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    -- The end of a worker's claim; 0 without a claim.
    claimed_until   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (connection_id, kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX work_queue_by_next_attempt_at ON work_queue (connection_id, next_attempt_at);

-- Work items that an event waits for, and the sequence that completes its part.
CREATE TABLE event_work (
    connection_id INTEGER NOT NULL REFERENCES connections (id),
    kind          TEXT    NOT NULL,
    id            TEXT    NOT NULL,
    event_id      TEXT    NOT NULL,
    sequence      INTEGER NOT NULL,
    PRIMARY KEY (connection_id, kind, id, event_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_work_by_event_id ON event_work (connection_id, event_id);

-- Deliveries of the event hook, by the ID that their repeats share.
CREATE TABLE deliveries (
    connection_id INTEGER NOT NULL REFERENCES connections (id),
    id            TEXT    NOT NULL,
    received_at   INTEGER NOT NULL,
    PRIMARY KEY (connection_id, id)
) STRICT, WITHOUT ROWID;

-- The System Log position, stored with the events before it.
CREATE TABLE system_log_checkpoints (
    connection_id INTEGER PRIMARY KEY REFERENCES connections (id),
    checkpoint    TEXT NOT NULL
) STRICT;

---------------------------------------------------------------------------------------------------------------------------
-- Safeguards

-- Removals that were sent recently, so that safeguards hold over time and not only for one run.
CREATE TABLE recent_removals (
    connection_id INTEGER NOT NULL REFERENCES connections (id),
    -- 'object', 'membership', or 'value'.
    removal       TEXT    NOT NULL,
    -- The object that was retired, left the group, or lost the value.
    kind          TEXT    NOT NULL,
    id            TEXT    NOT NULL,
    -- The group of a membership, the field of a value; empty for an object.
    detail        TEXT    NOT NULL,
    -- Okta's own time; empty until Okta's first response after the removal.
    removed_at    INTEGER,
    PRIMARY KEY (connection_id, removal, kind, id, detail)
) STRICT, WITHOUT ROWID;
CREATE INDEX recent_removals_by_removed_at ON recent_removals (connection_id, removed_at);

-- Objects whose changes a safeguard blocks until an administrator overrides it.
CREATE TABLE blocked_objects (
    connection_id INTEGER NOT NULL REFERENCES connections (id),
    kind          TEXT    NOT NULL,
    id            TEXT    NOT NULL,
    -- JSON.
    finding       TEXT    NOT NULL,
    blocked_at    INTEGER NOT NULL,
    PRIMARY KEY (connection_id, kind, id)
) STRICT, WITHOUT ROWID;

---------------------------------------------------------------------------------------------------------------------------
-- Operation

-- Full syncs that other processes request from the leader.
CREATE TABLE sync_requests (
    id                  INTEGER PRIMARY KEY AUTOINCREMENT,
    connection_id       INTEGER NOT NULL REFERENCES connections (id),
    override_safeguards INTEGER NOT NULL,
    requested_at        INTEGER NOT NULL,
    -- True if the leader has accepted the request.
    accepted            INTEGER NOT NULL DEFAULT 0,
    -- The run that answers it; its row may be deleted.
    run_id              INTEGER
) STRICT;

-- Pauses: nothing is sent before the limit.
CREATE TABLE pauses (
    connection_id INTEGER PRIMARY KEY REFERENCES connections (id),
    until         INTEGER NOT NULL
) STRICT;

-- Metrics of a connection, one row per minute for one day. Counts are those since the row before.
CREATE TABLE metric_samples (
    connection_id                 INTEGER NOT NULL REFERENCES connections (id),
    sampled_at                    INTEGER NOT NULL,
    oldest_pending_change_seconds INTEGER,
    lag_seconds                   INTEGER,
    pending_events                INTEGER NOT NULL,
    failed_events                 INTEGER NOT NULL,
    unconfirmed_records           INTEGER NOT NULL,
    completed_events              INTEGER NOT NULL,
    records_sent                  INTEGER NOT NULL,
    executions                    INTEGER NOT NULL,
    okta_requests                 INTEGER NOT NULL,
    okta_throttled_requests       INTEGER NOT NULL,
    rate_limit_used_percent       REAL,
    PRIMARY KEY (connection_id, sampled_at)
) STRICT, WITHOUT ROWID;

-- Deletions of objects in Assets by `prune`.
CREATE TABLE object_audit_log (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    connection_id INTEGER NOT NULL REFERENCES connections (id),
    occurred_at   INTEGER NOT NULL,
    action        TEXT    NOT NULL,
    object        TEXT    NOT NULL,
    detail        TEXT    NOT NULL
) STRICT;
CREATE INDEX object_audit_log_by_connection_id ON object_audit_log (connection_id, id);

---------------------------------------------------------------------------------------------------------------------------
-- Access

-- Access tokens. Only their SHA-256 is stored.
CREATE TABLE access_tokens (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT    NOT NULL,
    hash         BLOB    NOT NULL UNIQUE,
    role         TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    -- Empty for a token that does not expire.
    expires_at   INTEGER,
    -- Written once a minute at most.
    last_used_at INTEGER,
    revoked_at   INTEGER
) STRICT;
CREATE UNIQUE INDEX access_tokens_by_name ON access_tokens (name) WHERE revoked_at IS NULL;

-- Sessions of the console. Only the SHA-256 of their cookie is stored.
CREATE TABLE access_sessions (
    hash         BLOB    PRIMARY KEY,
    principal    TEXT    NOT NULL,
    role         TEXT    NOT NULL,
    -- The token of the sign-in; empty for a sign-in by OpenID Connect.
    token_id     INTEGER REFERENCES access_tokens (id) ON DELETE CASCADE,
    created_at   INTEGER NOT NULL,
    -- Written once a minute at most.
    last_seen_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Changes that persons made through the console, the API, or the command line. Contains no secrets.
CREATE TABLE audit_log (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    occurred_at INTEGER NOT NULL,
    -- The name of a token or person, or the user of the operating system.
    actor       TEXT    NOT NULL,
    -- 'session', 'token', or 'cli'.
    via         TEXT    NOT NULL,
    -- The client's address; empty for the host of the daemon.
    origin      TEXT,
    action      TEXT    NOT NULL,
    -- The connection's name.
    connection  TEXT,
    subject     TEXT,
    -- JSON: the request, and the state before and after it as far as it changed.
    request     TEXT,
    before      TEXT,
    after       TEXT,
    succeeded   INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_log_by_occurred_at ON audit_log (occurred_at);
