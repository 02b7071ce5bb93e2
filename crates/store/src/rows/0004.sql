-- Files that applications upload for later requests. `size` is reserved until the bytes are there,
-- and zero once they are gone.
CREATE TABLE uploads (
    id             TEXT NOT NULL PRIMARY KEY,
    application_id INTEGER NOT NULL REFERENCES applications (id),
    state          TEXT NOT NULL CHECK (state IN ('in_transit', 'ready', 'failed', 'reclaimed')),
    size           INTEGER NOT NULL CHECK (size >= 0),
    format         TEXT,
    width          INTEGER,
    height         INTEGER,
    fault_code     TEXT,
    fault_message  TEXT,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    CHECK ((state = 'failed') = (fault_code IS NOT NULL AND fault_message IS NOT NULL)),
    CHECK (state IN ('in_transit', 'ready') OR size = 0)
) STRICT;
CREATE INDEX uploads_living ON uploads (application_id, size)
    WHERE state IN ('in_transit', 'ready');
CREATE INDEX uploads_expiring ON uploads (expires_at) WHERE state <> 'reclaimed';
CREATE INDEX uploads_reclaimed ON uploads (expires_at) WHERE state = 'reclaimed';

-- Which uploads a task works on.
CREATE TABLE task_uploads (
    upload_id TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    task_seq  INTEGER NOT NULL REFERENCES tasks (seq) ON DELETE CASCADE,
    PRIMARY KEY (upload_id, task_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_uploads_by_task ON task_uploads (task_seq);

-- Tasks that were submitted together.
ALTER TABLE tasks ADD COLUMN batch_id TEXT;
CREATE INDEX tasks_by_application ON tasks (application_id, seq);
