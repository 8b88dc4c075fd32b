-- The number of doubts when an execution began: what it confirms is in doubt when another came up meanwhile.
ALTER TABLE executions ADD COLUMN doubts INTEGER NOT NULL DEFAULT 0;
