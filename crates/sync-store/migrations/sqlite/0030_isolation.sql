-- Unconfirmed records in lots: 0 for those that are thought to be good, else the run whose execution dropped some of them.
ALTER TABLE unconfirmed ADD COLUMN lot INTEGER NOT NULL DEFAULT 0;
-- How many of the lot are thought to be bad.
ALTER TABLE unconfirmed ADD COLUMN bad INTEGER NOT NULL DEFAULT 0;
-- How often the record failed alone; twice, or once over HTTP, and it counts as rejected.
ALTER TABLE unconfirmed ADD COLUMN alone INTEGER NOT NULL DEFAULT 0;
