-- The processes at work. What one has at work is marked with its id; one that was not seen for a
-- while is dead, and what it left is put back.
CREATE TABLE instances (
    id         TEXT NOT NULL PRIMARY KEY,
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    version    TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL
) STRICT;

-- `claim` is the random token of the worker that has the task, or ended it: it alone may end it; `attempt`
-- only counts. `resume` is what a job outside is known by, so that the next attempt finds it.
ALTER TABLE tasks ADD COLUMN claim TEXT;
ALTER TABLE tasks ADD COLUMN instance TEXT;
ALTER TABLE tasks ADD COLUMN resume TEXT;
-- Bytes that the work takes, so that a worker takes what it has room for.
ALTER TABLE tasks ADD COLUMN cost_bytes INTEGER NOT NULL DEFAULT 0;
CREATE INDEX tasks_leased ON tasks (seq) WHERE lease_until IS NOT NULL;

ALTER TABLE holds ADD COLUMN instance TEXT;
CREATE INDEX holds_of_requests ON holds (id) WHERE state = 'open' AND for_task = 0;
ALTER TABLE uploads ADD COLUMN instance TEXT;
ALTER TABLE keyed_requests ADD COLUMN instance TEXT;
ALTER TABLE webhooks ADD COLUMN instance TEXT;

-- Who does what only one process does at a time, and until when unless it goes on.
CREATE TABLE leads (
    what     TEXT NOT NULL PRIMARY KEY,
    instance TEXT NOT NULL,
    until    INTEGER NOT NULL
) STRICT;

-- What all processes must have alike: fingerprints of secrets.
CREATE TABLE agreements (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- Limits of applications where several processes serve them: requests that may come at once, when
-- that was counted, and requests at work in each process. May be lost in a crash: counting then
-- begins anew.
CREATE TABLE /* unlogged */ meters (
    application_id INTEGER NOT NULL PRIMARY KEY,
    tokens         REAL NOT NULL,
    counted_at     INTEGER NOT NULL
) STRICT;
CREATE TABLE /* unlogged */ at_work (
    application_id INTEGER NOT NULL,
    instance       TEXT NOT NULL,
    requests       INTEGER NOT NULL CHECK (requests >= 0),
    PRIMARY KEY (application_id, instance)
) STRICT;
