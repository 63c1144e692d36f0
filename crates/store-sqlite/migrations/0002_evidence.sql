-- What is known of each piece of evidence; the bytes are files named by their SHA-256.
CREATE TABLE evidence (
    id INTEGER PRIMARY KEY,
    finding TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    original_size INTEGER NOT NULL,
    truncated INTEGER NOT NULL,
    taken_at INTEGER NOT NULL,
    UNIQUE (finding, sha256, kind, name)
) STRICT;

CREATE INDEX evidence_by_content ON evidence (sha256);
