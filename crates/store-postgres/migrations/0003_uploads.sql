-- What has been received of a piece belongs to whoever sends it, until all of it is here and checked: what another sends
-- under the same hash neither helps nor harms.
CREATE TABLE evidence_uploads (
    -- SHA-256 of the sender's name.
    holder TEXT COLLATE "C" NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    received BIGINT NOT NULL DEFAULT 0,
    touched_at BIGINT NOT NULL,
    PRIMARY KEY (holder, sha256)
);
CREATE TABLE evidence_upload_parts (
    holder TEXT COLLATE "C" NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    begins BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (holder, sha256, begins),
    FOREIGN KEY (holder, sha256) REFERENCES evidence_uploads ON DELETE CASCADE
);
CREATE INDEX evidence_uploads_by_time ON evidence_uploads (touched_at);
-- nobody knows whose these were
DELETE FROM evidence_pieces WHERE NOT whole;

-- When it was recorded, by the server's clock: what no finding has come for is removed after some time.
ALTER TABLE evidence ADD COLUMN stored_at BIGINT NOT NULL DEFAULT (extract(epoch FROM now()) * 1000000000)::bigint;
ALTER TABLE evidence_pieces ADD COLUMN stored_at BIGINT NOT NULL
    DEFAULT (extract(epoch FROM now()) * 1000000000)::bigint;
