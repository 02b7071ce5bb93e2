-- The console: links that sign in once, who is signed in, and what was changed.

CREATE TABLE console_links (
    hash       BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `key_hash` is that of the API key that signed in; without one it is an operator.
CREATE TABLE console_sessions (
    hash       BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    key_hash   BLOB CHECK (length(key_hash) = 32),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE console_audit (
    id             INTEGER PRIMARY KEY,
    at             INTEGER NOT NULL,
    who            TEXT NOT NULL,
    application_id INTEGER,
    action         TEXT NOT NULL,
    subject        TEXT NOT NULL
) STRICT;
CREATE INDEX console_audit_by_application ON console_audit (application_id, id);

-- How the API was used. `hour` counts from 1970; application 0 is a request without one.
CREATE TABLE usage (
    hour           INTEGER NOT NULL,
    application_id INTEGER NOT NULL,
    service        TEXT NOT NULL,
    code           TEXT NOT NULL,
    requests       INTEGER NOT NULL,
    credits        INTEGER NOT NULL,
    PRIMARY KEY (hour, application_id, service, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_latency (
    hour           INTEGER NOT NULL,
    application_id INTEGER NOT NULL,
    service        TEXT NOT NULL,
    bucket         INTEGER NOT NULL,
    requests       INTEGER NOT NULL,
    PRIMARY KEY (hour, application_id, service, bucket)
) STRICT, WITHOUT ROWID;

CREATE INDEX transfers_by_pool ON transfers (pool_id, id);
CREATE INDEX uploads_by_application ON uploads (application_id, created_at);
