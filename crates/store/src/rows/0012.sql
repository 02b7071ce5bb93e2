-- Sessions of action liveness that were used, until they end anyway.
CREATE TABLE used_liveness_sessions (
    nonce      BLOB NOT NULL PRIMARY KEY CHECK (length(nonce) = 8),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX used_liveness_sessions_by_end ON used_liveness_sessions (expires_at);
