-- What the unconfirmed records refer to.
CREATE TABLE unconfirmed_links (
    connection INTEGER NOT NULL REFERENCES connections (id),
    kind       TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    to_kind    TEXT    NOT NULL,
    to_value   TEXT    NOT NULL,
    PRIMARY KEY (connection, kind, id, to_kind, to_value)
) STRICT, WITHOUT ROWID;
CREATE INDEX unconfirmed_links_by_target ON unconfirmed_links (connection, to_kind, to_value);
INSERT INTO unconfirmed_links (connection, kind, id, to_kind, to_value)
SELECT DISTINCT u.connection, u.kind, u.id, r.value ->> 'kind', r.value ->> 'reference_key'
FROM unconfirmed u, json_each(u.record, '$.references') r;

CREATE TRIGGER unconfirmed_inserted AFTER INSERT ON unconfirmed BEGIN
    INSERT OR IGNORE INTO unconfirmed_links (connection, kind, id, to_kind, to_value)
    SELECT new.connection, new.kind, new.id, r.value ->> 'kind', r.value ->> 'reference_key'
    FROM json_each(new.record, '$.references') r;
END;
CREATE TRIGGER unconfirmed_updated AFTER UPDATE OF record ON unconfirmed BEGIN
    DELETE FROM unconfirmed_links WHERE connection = old.connection AND kind = old.kind AND id = old.id;
    INSERT OR IGNORE INTO unconfirmed_links (connection, kind, id, to_kind, to_value)
    SELECT new.connection, new.kind, new.id, r.value ->> 'kind', r.value ->> 'reference_key'
    FROM json_each(new.record, '$.references') r;
END;
CREATE TRIGGER unconfirmed_deleted AFTER DELETE ON unconfirmed BEGIN
    DELETE FROM unconfirmed_links WHERE connection = old.connection AND kind = old.kind AND id = old.id;
END;

-- Deleting a run looks for executions that name it.
CREATE INDEX executions_by_run ON executions (run);
CREATE INDEX recent_losses_by_time ON recent_losses (connection, lost_at);
