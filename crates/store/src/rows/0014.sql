-- Bytes are counted in several rows, of which every file has one: processes that write at the same time
-- seldom wait for each other.
ALTER TABLE disk RENAME TO disk_of_one_row;
CREATE TABLE disk (
    id     INTEGER PRIMARY KEY,
    used   INTEGER NOT NULL DEFAULT 0 CHECK (used >= 0),
    inputs INTEGER NOT NULL DEFAULT 0 CHECK (inputs >= 0)
) STRICT;
INSERT INTO disk (id, used, inputs) SELECT 0, used, inputs FROM disk_of_one_row;
INSERT INTO disk (id) VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13), (14), (15);
DROP TABLE disk_of_one_row;
ALTER TABLE files ADD COLUMN counter INTEGER NOT NULL DEFAULT 0;
ALTER TABLE inputs ADD COLUMN counter INTEGER NOT NULL DEFAULT 0;
ALTER TABLE uploads ADD COLUMN counter INTEGER NOT NULL DEFAULT 0;
