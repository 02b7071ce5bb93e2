-- Times are Unix milliseconds, amounts thousandths of a credit.

CREATE TABLE users (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    locked     INTEGER NOT NULL DEFAULT 0 CHECK (locked IN (0, 1)),
    created_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;
CREATE UNIQUE INDEX users_by_name ON users (name) WHERE deleted_at IS NULL;

CREATE TABLE applications (
    id                  INTEGER PRIMARY KEY,
    user_id             INTEGER NOT NULL REFERENCES users (id),
    name                TEXT NOT NULL,
    concurrency         INTEGER CHECK (concurrency >= 0),
    requests_per_second INTEGER CHECK (requests_per_second >= 0),
    created_at          INTEGER NOT NULL,
    deleted_at          INTEGER
) STRICT;
CREATE UNIQUE INDEX applications_by_name ON applications (user_id, name) WHERE deleted_at IS NULL;

CREATE TABLE api_keys (
    id             INTEGER PRIMARY KEY,
    application_id INTEGER NOT NULL REFERENCES applications (id),
    hash           BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    hint           TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    revoked_at     INTEGER
) STRICT;
CREATE INDEX api_keys_by_application ON api_keys (application_id);

CREATE TABLE service_states (
    application_id INTEGER NOT NULL REFERENCES applications (id),
    path           TEXT NOT NULL,
    enabled        INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    price          INTEGER CHECK (price >= 0),
    PRIMARY KEY (application_id, path)
) STRICT, WITHOUT ROWID;

-- The books. A pool has four accounts: credits come in through `issued`, lie in `balance`, wait in
-- `held` and end in `spent`. Every transfer moves an amount between two accounts of one pool, so
-- the equation holds after each of them.
CREATE TABLE pools (
    id                    INTEGER PRIMARY KEY,
    application_id        INTEGER NOT NULL REFERENCES applications (id),
    sign                  TEXT NOT NULL,
    issued                INTEGER NOT NULL DEFAULT 0,
    balance               INTEGER NOT NULL DEFAULT 0 CHECK (balance >= 0),
    held                  INTEGER NOT NULL DEFAULT 0 CHECK (held >= 0),
    spent                 INTEGER NOT NULL DEFAULT 0 CHECK (spent >= 0),
    total                 INTEGER NOT NULL DEFAULT 0 CHECK (total >= issued),
    last_recharge_balance INTEGER NOT NULL DEFAULT 0 CHECK (last_recharge_balance >= 0),
    balance_warning       INTEGER NOT NULL DEFAULT 0 CHECK (balance_warning >= 0),
    created_at            INTEGER NOT NULL,
    first_buy_at          INTEGER,
    updated_at            INTEGER NOT NULL,
    UNIQUE (application_id, sign),
    CHECK (issued = balance + held + spent)
) STRICT;

CREATE TABLE holds (
    id         INTEGER PRIMARY KEY,
    pool_id    INTEGER NOT NULL REFERENCES pools (id),
    request_id TEXT NOT NULL UNIQUE,
    amount     INTEGER NOT NULL CHECK (amount >= 0),
    state      TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'settled', 'released')),
    for_task   INTEGER NOT NULL CHECK (for_task IN (0, 1)),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    closed_at  INTEGER,
    CHECK ((state = 'open') = (closed_at IS NULL))
) STRICT;
CREATE INDEX holds_open ON holds (expires_at) WHERE state = 'open';

CREATE TABLE transfers (
    id           INTEGER PRIMARY KEY,
    pool_id      INTEGER NOT NULL REFERENCES pools (id),
    from_account TEXT NOT NULL,
    to_account   TEXT NOT NULL,
    amount       INTEGER NOT NULL CHECK (amount > 0),
    hold_id      INTEGER REFERENCES holds (id),
    at           INTEGER NOT NULL,
    CHECK (
        CASE from_account || '>' || to_account
            WHEN 'issued>balance' THEN hold_id IS NULL
            WHEN 'balance>issued' THEN hold_id IS NULL
            WHEN 'balance>held' THEN hold_id IS NOT NULL
            WHEN 'held>balance' THEN hold_id IS NOT NULL
            WHEN 'held>spent' THEN hold_id IS NOT NULL
            ELSE 0
        END
    )
) STRICT;

-- `attempt` only ever grows: it is the token that fences off a worker whose turn is over. `parked`
-- counts the attempts that were given back on purpose. `expires_at` is set while there is an end
-- to reclaim.
CREATE TABLE tasks (
    seq            INTEGER PRIMARY KEY AUTOINCREMENT,
    id             TEXT NOT NULL UNIQUE,
    request_id     TEXT NOT NULL UNIQUE,
    application_id INTEGER NOT NULL REFERENCES applications (id),
    hold_id        INTEGER NOT NULL REFERENCES holds (id),
    service        TEXT NOT NULL,
    input          TEXT NOT NULL,
    state          TEXT NOT NULL DEFAULT 'queued' CHECK (state IN
        ('queued', 'processing', 'done', 'failed', 'revoked', 'stopped', 'reclaimed')),
    attempt        INTEGER NOT NULL DEFAULT 0,
    parked         INTEGER NOT NULL DEFAULT 0 CHECK (parked BETWEEN 0 AND attempt),
    lease_until    INTEGER,
    answer         TEXT,
    fault_code     TEXT,
    fault_message  TEXT,
    created_at     INTEGER NOT NULL,
    ended_at       INTEGER,
    expires_at     INTEGER,
    CHECK ((state = 'processing') = (lease_until IS NOT NULL)),
    CHECK ((state IN ('queued', 'processing')) = (ended_at IS NULL)),
    CHECK ((state = 'done') = (answer IS NOT NULL)),
    CHECK ((state = 'failed') = (fault_code IS NOT NULL AND fault_message IS NOT NULL))
) STRICT;
CREATE INDEX tasks_open ON tasks (seq) WHERE ended_at IS NULL;
CREATE INDEX tasks_expiring ON tasks (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX tasks_reclaimed ON tasks (ended_at) WHERE state = 'reclaimed';

CREATE TABLE files (
    key            TEXT NOT NULL PRIMARY KEY,
    application_id INTEGER NOT NULL REFERENCES applications (id),
    content_type   TEXT NOT NULL,
    size           INTEGER NOT NULL CHECK (size >= 0),
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    reclaimed      INTEGER NOT NULL DEFAULT 0 CHECK (reclaimed IN (0, 1))
) STRICT;
CREATE INDEX files_living ON files (expires_at) WHERE reclaimed = 0;
CREATE INDEX files_reclaimed ON files (expires_at) WHERE reclaimed = 1;

-- Bytes of all files that are not reclaimed.
CREATE TABLE disk (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    used INTEGER NOT NULL CHECK (used >= 0)
) STRICT;
INSERT INTO disk VALUES (1, 0);
