-- Libraries of faces: an application has groups, a group has users, a user has faces.

-- `wrapped_key` is what every face of the group is sealed with; without it a group is being cleaned
-- and nothing of it can be opened. `revision` counts the changes of its faces.
CREATE TABLE face_groups (
    id             INTEGER PRIMARY KEY,
    application_id INTEGER NOT NULL REFERENCES applications (id),
    group_id       TEXT NOT NULL,
    name           TEXT,
    scene          TEXT NOT NULL,
    model          TEXT NOT NULL,
    wrapped_key    BLOB,
    retention_days INTEGER,
    revision       INTEGER NOT NULL DEFAULT 0,
    created_at     INTEGER NOT NULL,
    UNIQUE (application_id, group_id)
) STRICT;
CREATE UNIQUE INDEX face_groups_by_name ON face_groups (application_id, name)
    WHERE name IS NOT NULL;
CREATE INDEX face_groups_cleaning ON face_groups (id) WHERE wrapped_key IS NULL;

CREATE TABLE face_users (
    id           INTEGER PRIMARY KEY,
    group_row    INTEGER NOT NULL REFERENCES face_groups (id),
    user_id      TEXT NOT NULL,
    info         TEXT NOT NULL DEFAULT '',
    consent_note TEXT NOT NULL DEFAULT '',
    created_at   INTEGER NOT NULL,
    UNIQUE (group_row, user_id)
) STRICT;
CREATE INDEX face_users_by_id ON face_users (user_id);

-- `sealed` is the embedding, `image` the key of the blob with the picture where it was kept.
CREATE TABLE faces (
    id         INTEGER PRIMARY KEY,
    group_row  INTEGER NOT NULL REFERENCES face_groups (id),
    user_row   INTEGER NOT NULL REFERENCES face_users (id),
    token      TEXT NOT NULL,
    sealed     BLOB NOT NULL,
    quality    REAL NOT NULL,
    image      TEXT,
    created_at INTEGER NOT NULL,
    UNIQUE (user_row, token)
) STRICT;
CREATE INDEX faces_by_group ON faces (group_row, created_at);
CREATE INDEX faces_by_token ON faces (token);

-- Which other applications may search a group.
CREATE TABLE face_shares (
    group_row      INTEGER NOT NULL REFERENCES face_groups (id) ON DELETE CASCADE,
    application_id INTEGER NOT NULL REFERENCES applications (id),
    PRIMARY KEY (group_row, application_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX face_shares_by_application ON face_shares (application_id);

-- Who did what with faces; never pictures or embeddings.
CREATE TABLE face_audit (
    id             INTEGER PRIMARY KEY,
    application_id INTEGER NOT NULL REFERENCES applications (id),
    key_id         INTEGER,
    at             INTEGER NOT NULL,
    action         TEXT NOT NULL,
    group_id       TEXT NOT NULL DEFAULT '',
    user_ids       TEXT NOT NULL DEFAULT '',
    count          INTEGER NOT NULL DEFAULT 0,
    request_id     TEXT NOT NULL
) STRICT;
CREATE INDEX face_audit_by_application ON face_audit (application_id, id);
CREATE INDEX face_audit_by_time ON face_audit (at);

-- One row: whether the operator has paused the libraries.
CREATE TABLE face_library (
    paused INTEGER NOT NULL CHECK (paused IN (0, 1))
) STRICT;
INSERT INTO face_library (paused) VALUES (0);
