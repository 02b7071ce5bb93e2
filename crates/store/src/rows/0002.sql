-- Whose turn a task is: tasks of one application have growing turns, and one of an application that
-- has none waiting comes next, so that claims go round the applications.
ALTER TABLE tasks ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
UPDATE tasks SET turn = seq;
CREATE INDEX tasks_processing ON tasks (application_id, lease_until) WHERE lease_until IS NOT NULL;
