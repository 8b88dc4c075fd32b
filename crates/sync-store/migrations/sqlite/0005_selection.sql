-- What the operator chose when everything was last read; empty when that was everything.
ALTER TABLE connections ADD COLUMN selection TEXT NOT NULL DEFAULT '';
