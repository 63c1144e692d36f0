-- Findings as documents, with the columns that lists are ordered and narrowed by.
CREATE TABLE findings (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    canonical_name TEXT NOT NULL,
    -- 'projects/p' of the name and of the canonical name ('' without one).
    scope TEXT NOT NULL,
    canonical_scope TEXT NOT NULL,
    source TEXT NOT NULL,
    location TEXT NOT NULL,
    parent TEXT NOT NULL,
    category TEXT NOT NULL,
    resource_name TEXT NOT NULL,
    -- Enums by their number, times in nanoseconds since the epoch (0 when not said).
    state INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    mute INTEGER NOT NULL,
    event_time INTEGER NOT NULL,
    create_time INTEGER NOT NULL,
    pod_namespace TEXT NOT NULL,
    pod_name TEXT NOT NULL,
    container_id TEXT NOT NULL,
    document TEXT NOT NULL
) STRICT;

-- The place stands in the index, so that walking past other places' findings never touches their documents.
CREATE INDEX findings_by_creation
    ON findings (create_time DESC, name, scope, canonical_scope, source, location);
CREATE INDEX findings_by_event
    ON findings (event_time DESC, name, scope, canonical_scope, source, location);
CREATE INDEX findings_by_canonical_name ON findings (canonical_name) WHERE canonical_name <> '';
CREATE INDEX findings_by_pod ON findings (pod_namespace, pod_name, event_time DESC);
CREATE INDEX findings_by_container ON findings (container_id, event_time DESC) WHERE container_id <> '';

-- How many findings there are of each place, so that a list knows its total without counting.
CREATE TABLE tallies (
    scope TEXT NOT NULL,
    canonical_scope TEXT NOT NULL,
    source TEXT NOT NULL,
    location TEXT NOT NULL,
    findings INTEGER NOT NULL,
    PRIMARY KEY (scope, canonical_scope, source, location)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER finding_counted AFTER INSERT ON findings BEGIN
    INSERT INTO tallies VALUES (NEW.scope, NEW.canonical_scope, NEW.source, NEW.location, 1)
    ON CONFLICT DO UPDATE SET findings = findings + 1;
END;

CREATE TRIGGER finding_uncounted AFTER DELETE ON findings BEGIN
    UPDATE tallies SET findings = findings - 1
    WHERE (scope, canonical_scope, source, location) =
        (OLD.scope, OLD.canonical_scope, OLD.source, OLD.location);
END;

CREATE TRIGGER finding_moved AFTER UPDATE OF canonical_scope ON findings
WHEN OLD.canonical_scope <> NEW.canonical_scope BEGIN
    UPDATE tallies SET findings = findings - 1
    WHERE (scope, canonical_scope, source, location) =
        (OLD.scope, OLD.canonical_scope, OLD.source, OLD.location);
    INSERT INTO tallies VALUES (NEW.scope, NEW.canonical_scope, NEW.source, NEW.location, 1)
    ON CONFLICT DO UPDATE SET findings = findings + 1;
END;
