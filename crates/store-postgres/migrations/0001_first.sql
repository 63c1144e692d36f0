-- Texts are sorted by their bytes. NUL, which PostgreSQL refuses, is written as two other characters (src/escape.rs).

-- One row for each name: says in which month's partition the finding stands, and is what its writers lock.
CREATE TABLE finding_names (
    name TEXT COLLATE "C" PRIMARY KEY,
    month INTEGER NOT NULL
);

-- Findings as documents, by the month in which they were created (year * 12 + month).
CREATE TABLE findings (
    month INTEGER NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    canonical_name TEXT COLLATE "C" NOT NULL,
    -- 'projects/p' of the name and of the canonical name ('' without one).
    scope TEXT COLLATE "C" NOT NULL,
    canonical_scope TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    location TEXT COLLATE "C" NOT NULL,
    parent TEXT COLLATE "C" NOT NULL,
    category TEXT COLLATE "C" NOT NULL,
    resource_name TEXT COLLATE "C" NOT NULL,
    -- Enumerations by their number, times in nanoseconds since the epoch (0 when not said).
    state BIGINT NOT NULL,
    severity BIGINT NOT NULL,
    mute BIGINT NOT NULL,
    event_time BIGINT NOT NULL,
    create_time BIGINT NOT NULL,
    finding_class BIGINT NOT NULL,
    module_name TEXT COLLATE "C" NOT NULL,
    -- Orders what one sensor says of one finding.
    delivered BIGINT NOT NULL,
    -- When the document last changed.
    update_time BIGINT NOT NULL,
    document JSON NOT NULL,
    PRIMARY KEY (month, name)
) PARTITION BY LIST (month);

-- A text can be longer than an entry of an index may be: what is not bounded is not indexed.
CREATE INDEX findings_by_creation ON findings (create_time DESC, name);
CREATE INDEX findings_by_event ON findings (event_time DESC, name);
CREATE INDEX findings_by_severity ON findings (severity, state, mute, create_time DESC);
CREATE INDEX findings_by_canonical_name ON findings USING hash (canonical_name);
CREATE INDEX findings_by_category ON findings USING hash (category);
CREATE INDEX findings_by_update ON findings (update_time);

-- What findings were before they changed: valid from update_time up to until_time.
CREATE TABLE finding_versions (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    canonical_name TEXT COLLATE "C" NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    canonical_scope TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    location TEXT COLLATE "C" NOT NULL,
    parent TEXT COLLATE "C" NOT NULL,
    category TEXT COLLATE "C" NOT NULL,
    resource_name TEXT COLLATE "C" NOT NULL,
    state BIGINT NOT NULL,
    severity BIGINT NOT NULL,
    mute BIGINT NOT NULL,
    event_time BIGINT NOT NULL,
    create_time BIGINT NOT NULL,
    finding_class BIGINT NOT NULL,
    module_name TEXT COLLATE "C" NOT NULL,
    update_time BIGINT NOT NULL,
    until_time BIGINT NOT NULL,
    document JSON NOT NULL
);
CREATE INDEX finding_versions_by_name ON finding_versions (name, until_time);
CREATE INDEX finding_versions_by_end ON finding_versions (until_time);

-- Readers see only what no running transaction can still put something before.
CREATE TABLE changes (
    transaction XID8 NOT NULL DEFAULT pg_current_xact_id(),
    sequence BIGINT GENERATED ALWAYS AS IDENTITY,
    finding TEXT COLLATE "C" NOT NULL,
    kind BIGINT NOT NULL,
    time BIGINT NOT NULL,
    PRIMARY KEY (transaction, sequence)
);
CREATE INDEX changes_by_time ON changes (time);
-- The newest change that was forgotten.
CREATE TABLE changes_forgotten (
    single BOOLEAN PRIMARY KEY DEFAULT true CHECK (single),
    transaction XID8 NOT NULL,
    sequence BIGINT NOT NULL
);
INSERT INTO changes_forgotten VALUES (true, '0', 0);

CREATE TABLE documents (
    kind TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    revision BIGINT NOT NULL,
    create_time BIGINT NOT NULL,
    update_time BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, name)
);

CREATE TABLE leases (
    name TEXT COLLATE "C" PRIMARY KEY,
    holder TEXT NOT NULL,
    until BIGINT NOT NULL
);

CREATE TABLE audit (
    sequence BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    time BIGINT NOT NULL,
    principal TEXT NOT NULL,
    method TEXT NOT NULL,
    resource TEXT NOT NULL,
    outcome TEXT NOT NULL,
    address TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX audit_by_time ON audit (time);
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the audit log is only written to'; END $$;
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Evidence: its bytes in parts, each under the place at which it begins.
CREATE TABLE evidence_pieces (
    sha256 TEXT COLLATE "C" PRIMARY KEY,
    received BIGINT NOT NULL DEFAULT 0,
    whole BOOLEAN NOT NULL DEFAULT false
);
CREATE TABLE evidence_parts (
    sha256 TEXT COLLATE "C" NOT NULL REFERENCES evidence_pieces ON DELETE CASCADE,
    begins BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (sha256, begins)
);
CREATE TABLE evidence (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    finding TEXT COLLATE "C" NOT NULL,
    kind TEXT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL REFERENCES evidence_pieces,
    original_size BIGINT NOT NULL,
    truncated BOOLEAN NOT NULL,
    taken_at BIGINT NOT NULL
);
CREATE INDEX evidence_by_finding ON evidence (finding);
CREATE INDEX evidence_by_content ON evidence (sha256);
