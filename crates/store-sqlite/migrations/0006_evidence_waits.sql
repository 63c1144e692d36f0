-- When it was recorded, by the store's clock: what no finding has come for is removed after some time.
ALTER TABLE evidence ADD COLUMN stored_at INTEGER NOT NULL DEFAULT 0;
UPDATE evidence SET stored_at = unixepoch() * 1000000000;
