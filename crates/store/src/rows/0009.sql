-- Sandbox keys: requests with one are checked as all others, get sample answers and cost nothing.
ALTER TABLE api_keys ADD COLUMN sandbox INTEGER NOT NULL DEFAULT 0 CHECK (sandbox IN (0, 1));
