-- What an event named, as a JSON list of the columns of its looks, and how it asked for them: to look again.
ALTER TABLE events ADD COLUMN named TEXT NOT NULL DEFAULT '[]';
ALTER TABLE events ADD COLUMN changes_object INTEGER NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN expects_gone INTEGER NOT NULL DEFAULT 0;
UPDATE events SET named = (
    SELECT json_group_array(json_array(w.kind, w.id)) FROM waiting w
    WHERE w.connection = events.connection AND w.event = events.id)
WHERE state = 'pending';

-- The number of the last write that changed an event: whoever follows the inbox has seen all up to one.
ALTER TABLE connections ADD COLUMN event_writes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN written INTEGER NOT NULL DEFAULT 0;
CREATE INDEX events_by_write ON events (connection, written);

-- The executions of each run, as long as the run is remembered.
CREATE TABLE run_executions (
    run     INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    id      TEXT    NOT NULL,
    started INTEGER NOT NULL,
    -- Empty while its end is not known.
    ended   INTEGER,
    -- Whether Assets processed it; otherwise nothing of it took effect.
    done    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run, id)
) STRICT, WITHOUT ROWID;
INSERT INTO run_executions (run, id, started) SELECT run, id, started FROM executions;

-- The run that sent a record last.
ALTER TABLE unconfirmed ADD COLUMN run INTEGER;
CREATE INDEX unconfirmed_by_run ON unconfirmed (connection, run);
