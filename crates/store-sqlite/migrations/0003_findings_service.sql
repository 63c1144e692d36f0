-- What the findings service needs: versions, changes, documents, leases, the audit log, and tallies by what is asked most.
ALTER TABLE findings ADD COLUMN finding_class INTEGER NOT NULL DEFAULT 0;
ALTER TABLE findings ADD COLUMN module_name TEXT NOT NULL DEFAULT '';
-- Orders what one sensor says of one finding.
ALTER TABLE findings ADD COLUMN delivered INTEGER NOT NULL DEFAULT 0;
-- When the document last changed.
ALTER TABLE findings ADD COLUMN update_time INTEGER NOT NULL DEFAULT 0;
UPDATE findings SET
    module_name = coalesce(document ->> '$.finding.moduleName', ''),
    update_time = max(event_time, create_time),
    finding_class = CASE document ->> '$.finding.findingClass'
        WHEN 'THREAT' THEN 1 WHEN 'VULNERABILITY' THEN 2 WHEN 'MISCONFIGURATION' THEN 3 WHEN 'OBSERVATION' THEN 4
        WHEN 'SCC_ERROR' THEN 5 WHEN 'POSTURE_VIOLATION' THEN 6 WHEN 'TOXIC_COMBINATION' THEN 7
        WHEN 'SENSITIVE_DATA_RISK' THEN 8 WHEN 'CHOKEPOINT' THEN 9 ELSE 0 END;
CREATE INDEX findings_by_update ON findings (update_time);
CREATE INDEX findings_by_severity ON findings (severity, state, mute, create_time DESC, name, scope, canonical_scope, source, location);
CREATE INDEX findings_by_category ON findings (category, create_time DESC, name, scope, canonical_scope, source, location);
CREATE INDEX findings_by_resource ON findings (resource_name, create_time DESC);

-- How many findings there are of each place and kind: totals and groups are sums over these rows.
DROP TRIGGER finding_counted;
DROP TRIGGER finding_uncounted;
DROP TRIGGER finding_moved;
DROP TABLE tallies;
CREATE TABLE tallies (
    scope TEXT NOT NULL,
    canonical_scope TEXT NOT NULL,
    source TEXT NOT NULL,
    location TEXT NOT NULL,
    category TEXT NOT NULL,
    state INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    mute INTEGER NOT NULL,
    finding_class INTEGER NOT NULL,
    module_name TEXT NOT NULL,
    findings INTEGER NOT NULL,
    PRIMARY KEY (scope, canonical_scope, source, location, category, state, severity, mute, finding_class, module_name)
) STRICT, WITHOUT ROWID;
INSERT INTO tallies
    SELECT scope, canonical_scope, source, location, category, state, severity, mute, finding_class, module_name, count(*)
    FROM findings GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;

CREATE TRIGGER finding_counted AFTER INSERT ON findings BEGIN
    INSERT INTO tallies VALUES (NEW.scope, NEW.canonical_scope, NEW.source, NEW.location, NEW.category, NEW.state,
        NEW.severity, NEW.mute, NEW.finding_class, NEW.module_name, 1)
    ON CONFLICT DO UPDATE SET findings = findings + 1;
END;

CREATE TRIGGER finding_uncounted AFTER DELETE ON findings BEGIN
    UPDATE tallies SET findings = findings - 1
    WHERE (scope, canonical_scope, source, location, category, state, severity, mute, finding_class, module_name) =
        (OLD.scope, OLD.canonical_scope, OLD.source, OLD.location, OLD.category, OLD.state, OLD.severity, OLD.mute,
        OLD.finding_class, OLD.module_name);
END;

CREATE TRIGGER finding_recounted
AFTER UPDATE OF canonical_scope, category, state, severity, mute, finding_class, module_name ON findings
WHEN (OLD.canonical_scope, OLD.category, OLD.state, OLD.severity, OLD.mute, OLD.finding_class, OLD.module_name) <>
    (NEW.canonical_scope, NEW.category, NEW.state, NEW.severity, NEW.mute, NEW.finding_class, NEW.module_name)
BEGIN
    UPDATE tallies SET findings = findings - 1
    WHERE (scope, canonical_scope, source, location, category, state, severity, mute, finding_class, module_name) =
        (OLD.scope, OLD.canonical_scope, OLD.source, OLD.location, OLD.category, OLD.state, OLD.severity, OLD.mute,
        OLD.finding_class, OLD.module_name);
    INSERT INTO tallies VALUES (NEW.scope, NEW.canonical_scope, NEW.source, NEW.location, NEW.category, NEW.state,
        NEW.severity, NEW.mute, NEW.finding_class, NEW.module_name, 1)
    ON CONFLICT DO UPDATE SET findings = findings + 1;
END;

-- What findings were before they changed: valid from update_time up to until_time.
CREATE TABLE finding_versions (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    canonical_name TEXT NOT NULL,
    scope TEXT NOT NULL,
    canonical_scope TEXT NOT NULL,
    source TEXT NOT NULL,
    location TEXT NOT NULL,
    parent TEXT NOT NULL,
    category TEXT NOT NULL,
    resource_name TEXT NOT NULL,
    state INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    mute INTEGER NOT NULL,
    event_time INTEGER NOT NULL,
    create_time INTEGER NOT NULL,
    finding_class INTEGER NOT NULL,
    module_name TEXT NOT NULL,
    update_time INTEGER NOT NULL,
    until_time INTEGER NOT NULL,
    document TEXT NOT NULL
) STRICT;
CREATE INDEX finding_versions_by_name ON finding_versions (name, until_time);
CREATE INDEX finding_versions_by_end ON finding_versions (until_time);

CREATE TABLE changes (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    finding TEXT NOT NULL,
    kind INTEGER NOT NULL,
    time INTEGER NOT NULL
) STRICT;
CREATE INDEX changes_by_time ON changes (time);

CREATE TABLE documents (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    revision INTEGER NOT NULL,
    create_time INTEGER NOT NULL,
    update_time INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    time INTEGER NOT NULL,
    principal TEXT NOT NULL,
    method TEXT NOT NULL,
    resource TEXT NOT NULL,
    outcome TEXT NOT NULL,
    address TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_time ON audit (time);
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit log is only written to');
END;

