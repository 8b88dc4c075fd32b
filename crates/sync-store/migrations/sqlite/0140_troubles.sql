-- What goes wrong at present in the process that works on the connection, as JSON, for others to show.
ALTER TABLE connections ADD COLUMN troubles TEXT;
