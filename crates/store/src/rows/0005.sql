-- Requests that carry an idempotency key: the digest of what was sent, and once there is an answer,
-- its status, its code and the result file that holds it.
CREATE TABLE keyed_requests (
    application_id INTEGER NOT NULL REFERENCES applications (id),
    path           TEXT NOT NULL,
    key            TEXT NOT NULL,
    digest         BLOB NOT NULL CHECK (length(digest) = 32),
    status         INTEGER,
    code           TEXT,
    file           TEXT,
    expires_at     INTEGER NOT NULL,
    PRIMARY KEY (application_id, path, key),
    CHECK ((status IS NULL) = (file IS NULL) AND (status IS NULL) = (code IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX keyed_requests_expiring ON keyed_requests (expires_at);

-- Who is told of a task's end, and the base of the URLs in what they are told.
ALTER TABLE tasks ADD COLUMN callback_url TEXT;
ALTER TABLE tasks ADD COLUMN callback_base TEXT;

-- What the secrets of webhooks are derived from; `expires_at` is set once a newer one is there.
CREATE TABLE webhook_secrets (
    id             INTEGER PRIMARY KEY,
    application_id INTEGER NOT NULL REFERENCES applications (id),
    nonce          BLOB NOT NULL CHECK (length(nonce) = 16),
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER
) STRICT;
CREATE INDEX webhook_secrets_by_application ON webhook_secrets (application_id);

-- Webhooks to post, written in the transaction that ends the task. `next_at` is set as long as they
-- are not delivered or given up.
CREATE TABLE webhooks (
    id             TEXT NOT NULL PRIMARY KEY,
    application_id INTEGER NOT NULL REFERENCES applications (id),
    task_id        TEXT NOT NULL,
    url            TEXT NOT NULL,
    base           TEXT NOT NULL,
    attempts       INTEGER NOT NULL DEFAULT 0,
    state          TEXT NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'posting', 'delivered', 'given_up')),
    note           TEXT NOT NULL DEFAULT '',
    next_at        INTEGER,
    created_at     INTEGER NOT NULL,
    CHECK ((state IN ('waiting', 'posting')) = (next_at IS NOT NULL))
) STRICT;
CREATE INDEX webhooks_due ON webhooks (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX webhooks_by_application ON webhooks (application_id, created_at);
CREATE INDEX webhooks_ended ON webhooks (created_at) WHERE next_at IS NULL;
