-- How far this machine's clock was ahead of the directory's when it was compared last, in milliseconds.
ALTER TABLE connections ADD COLUMN clock_offset INTEGER;
