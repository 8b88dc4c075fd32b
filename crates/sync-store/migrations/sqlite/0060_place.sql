-- The import source and structure that confirmations belong to, as JSON; empty before the first comparison.
ALTER TABLE connections ADD COLUMN place TEXT NOT NULL DEFAULT '';

-- Objects in doubt are counted for every view of the connection, and are few.
CREATE INDEX objects_in_doubt ON objects (connection) WHERE dirty AND NOT gone;
