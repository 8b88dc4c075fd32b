-- The last reading of the directory, in milliseconds: readings are ordered by it and not by the clock.
ALTER TABLE connections ADD COLUMN last_reading INTEGER NOT NULL DEFAULT 0;
UPDATE connections SET last_reading = coalesce(
    (SELECT max(t) FROM (SELECT max(read_at) AS t FROM objects WHERE connection = connections.id
                         UNION ALL SELECT max(read_at) FROM unconfirmed WHERE connection = connections.id)), 0);
-- The directory's own time up to which everything was read and sent.
ALTER TABLE connections ADD COLUMN bookmark INTEGER;
