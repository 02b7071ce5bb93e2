-- Inputs of tasks, which lie on the disk until their tasks have ended.
CREATE TABLE inputs (
    path       TEXT NOT NULL PRIMARY KEY,
    size       INTEGER NOT NULL CHECK (size >= 0),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX inputs_age ON inputs (created_at);

-- Bytes of all inputs; `used` goes on counting result files alone.
ALTER TABLE disk ADD COLUMN inputs INTEGER NOT NULL DEFAULT 0 CHECK (inputs >= 0);
