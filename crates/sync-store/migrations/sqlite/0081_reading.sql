-- One sequence for each connection numbers its readings of the directory and the writes that change events. It decides which
-- of them came later, and whether an event had come before a reading; times are for people.
ALTER TABLE connections RENAME COLUMN event_writes TO sequence;
ALTER TABLE connections DROP COLUMN last_reading;

-- The reading that a record comes from. What an earlier version read is older than any reading from now on.
ALTER TABLE objects ADD COLUMN reading INTEGER NOT NULL DEFAULT 0;
ALTER TABLE staged ADD COLUMN reading INTEGER NOT NULL DEFAULT 0;
ALTER TABLE unconfirmed ADD COLUMN reading INTEGER NOT NULL DEFAULT 0;

-- The write that an event came in with.
ALTER TABLE events ADD COLUMN arrived INTEGER NOT NULL DEFAULT 0;
