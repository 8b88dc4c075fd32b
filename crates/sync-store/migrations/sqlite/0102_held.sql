-- Until when a rate limit holds back requests of the process that sends, for others to show.
ALTER TABLE connections ADD COLUMN held_until INTEGER;
