-- A staged record that Assets was seen to hold as it was sent, whatever the counters of its execution say.
ALTER TABLE staged ADD COLUMN stored INTEGER NOT NULL DEFAULT 0;
