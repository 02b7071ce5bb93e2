-- The place of a submitted task, without reading every open one.
CREATE INDEX tasks_turn ON tasks (application_id, turn) WHERE ended_at IS NULL;
CREATE INDEX tasks_state ON tasks (state, turn) WHERE ended_at IS NULL;

-- What tasks an instance can do: paths of services between commas, empty where it has not said so, and
-- the most bytes that the work of one may take.
ALTER TABLE instances ADD COLUMN services TEXT NOT NULL DEFAULT '';
ALTER TABLE instances ADD COLUMN capacity INTEGER NOT NULL DEFAULT 0;

-- The last batch of counts that each instance added to the usage.
CREATE TABLE usage_batches (
    instance TEXT NOT NULL PRIMARY KEY,
    batch    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
