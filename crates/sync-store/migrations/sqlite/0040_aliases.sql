-- The values other than ids by which records refer to each other, folded: each record's own, and the one that it refers to
-- with the id that this resolved to. They are part of the record, so that they always belong to it.
ALTER TABLE objects ADD COLUMN alias TEXT GENERATED ALWAYS AS (record ->> '$.alias.value') VIRTUAL;
ALTER TABLE objects ADD COLUMN wanted_alias TEXT GENERATED ALWAYS AS (record ->> '$.alias_reference.alias') VIRTUAL;
CREATE INDEX objects_by_alias ON objects (connection, kind, alias) WHERE alias IS NOT NULL;
CREATE INDEX objects_by_wanted_alias ON objects (connection, wanted_alias) WHERE wanted_alias IS NOT NULL;

ALTER TABLE unconfirmed ADD COLUMN alias TEXT GENERATED ALWAYS AS (record ->> '$.alias.value') VIRTUAL;
ALTER TABLE unconfirmed ADD COLUMN wanted_alias TEXT GENERATED ALWAYS AS (record ->> '$.alias_reference.alias') VIRTUAL;
CREATE INDEX unconfirmed_by_alias ON unconfirmed (connection, kind, alias) WHERE alias IS NOT NULL;
CREATE INDEX unconfirmed_by_wanted_alias ON unconfirmed (connection, wanted_alias) WHERE wanted_alias IS NOT NULL;

ALTER TABLE staged ADD COLUMN alias TEXT GENERATED ALWAYS AS (record ->> '$.alias.value') VIRTUAL;
ALTER TABLE staged ADD COLUMN wanted_alias TEXT GENERATED ALWAYS AS (record ->> '$.alias_reference.alias') VIRTUAL;
CREATE INDEX staged_by_alias ON staged (run, kind, alias) WHERE alias IS NOT NULL;
CREATE INDEX staged_by_wanted_alias ON staged (run, wanted_alias) WHERE wanted_alias IS NOT NULL;
