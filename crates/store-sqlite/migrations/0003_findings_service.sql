-- What the findings service needs: versions, changes, documents, leases, the audit log, and tallies by what is asked most.
CREATE TABLE places (
    id INTEGER PRIMARY KEY,
    -- 'projects/p' of the name and of the canonical name ('' without one).
    scope TEXT NOT NULL,
    canonical_scope TEXT NOT NULL,
    source TEXT NOT NULL,
    location TEXT NOT NULL,
    UNIQUE (scope, canonical_scope, source, location)
) STRICT;
INSERT INTO places (scope, canonical_scope, source, location)
    SELECT DISTINCT scope, canonical_scope, source, location FROM findings;

DROP TRIGGER finding_counted;
DROP TRIGGER finding_uncounted;
DROP TRIGGER finding_moved;
DROP TABLE tallies;
ALTER TABLE findings RENAME TO findings_before;

CREATE TABLE findings (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    -- '' when it is the name, so that most findings need no second entry in an index.
    canonical_name TEXT NOT NULL,
    place INTEGER NOT NULL,
    parent TEXT NOT NULL,
    category TEXT NOT NULL,
    resource_name TEXT NOT NULL,
    module_name TEXT NOT NULL,
    -- Enums by their number, times in nanoseconds since the epoch (0 when not said).
    state INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    mute INTEGER NOT NULL,
    finding_class INTEGER NOT NULL,
    event_time INTEGER NOT NULL,
    create_time INTEGER NOT NULL,
    -- When the document last changed.
    update_time INTEGER NOT NULL,
    -- Orders what one sensor says of one finding.
    delivered INTEGER NOT NULL,
    -- The source properties Pod_Namespace, Pod_Name, Container_Id; '' when they are no texts.
    pod_namespace TEXT NOT NULL,
    pod_name TEXT NOT NULL,
    container_id TEXT NOT NULL,
    -- What the last write was, for the feed of changes: 0 created, 1 updated, 2 amended.
    change INTEGER NOT NULL,
    document TEXT NOT NULL
) STRICT;
INSERT INTO findings
    SELECT f.id, f.name, CASE f.canonical_name WHEN f.name THEN '' ELSE f.canonical_name END, p.id, f.parent, f.category,
        f.resource_name, coalesce(document ->> '$.finding.moduleName', ''), state, severity, mute,
        CASE document ->> '$.finding.findingClass'
            WHEN 'THREAT' THEN 1 WHEN 'VULNERABILITY' THEN 2 WHEN 'MISCONFIGURATION' THEN 3 WHEN 'OBSERVATION' THEN 4
            WHEN 'SCC_ERROR' THEN 5 WHEN 'POSTURE_VIOLATION' THEN 6 WHEN 'TOXIC_COMBINATION' THEN 7
            WHEN 'SENSITIVE_DATA_RISK' THEN 8 WHEN 'CHOKEPOINT' THEN 9 ELSE 0 END,
        event_time, create_time, max(event_time, create_time), 0,
        CASE json_type(document, '$.finding.sourceProperties.Pod_Namespace')
            WHEN 'text' THEN document ->> '$.finding.sourceProperties.Pod_Namespace' ELSE '' END,
        CASE json_type(document, '$.finding.sourceProperties.Pod_Name')
            WHEN 'text' THEN document ->> '$.finding.sourceProperties.Pod_Name' ELSE '' END,
        CASE json_type(document, '$.finding.sourceProperties.Container_Id')
            WHEN 'text' THEN document ->> '$.finding.sourceProperties.Container_Id' ELSE '' END,
        0, document
    FROM findings_before f JOIN places p USING (scope, canonical_scope, source, location);
DROP TABLE findings_before;

CREATE UNIQUE INDEX findings_by_name ON findings (name);
CREATE INDEX findings_by_canonical_name ON findings (canonical_name) WHERE canonical_name <> '';
-- What lists are narrowed by stands in the index, so that walking past other findings never touches their documents.
CREATE INDEX findings_by_creation ON findings (create_time DESC, place, state, mute, severity);
CREATE INDEX findings_by_event ON findings (event_time DESC, place, state, mute, severity);
CREATE INDEX findings_by_severity ON findings (severity, state, create_time DESC, place, mute);
CREATE INDEX findings_by_category ON findings (category, create_time DESC, place, state, mute, severity);
CREATE INDEX findings_by_resource ON findings (resource_name, create_time DESC, place, state, mute, severity);
CREATE INDEX findings_by_pod ON findings (pod_namespace, pod_name, create_time DESC) WHERE pod_name <> '';
CREATE INDEX findings_by_container ON findings (container_id, create_time DESC) WHERE container_id <> '';
CREATE INDEX findings_by_update ON findings (update_time);

-- How many findings there are of each place and kind: totals and groups are sums over these rows.
CREATE TABLE tallies (
    place INTEGER NOT NULL,
    category TEXT NOT NULL,
    module_name TEXT NOT NULL,
    state INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    mute INTEGER NOT NULL,
    finding_class INTEGER NOT NULL,
    findings INTEGER NOT NULL,
    PRIMARY KEY (place, category, module_name, state, severity, mute, finding_class)
) STRICT, WITHOUT ROWID;
INSERT INTO tallies
    SELECT place, category, module_name, state, severity, mute, finding_class, count(*)
    FROM findings GROUP BY 1, 2, 3, 4, 5, 6, 7;

CREATE TRIGGER finding_counted AFTER INSERT ON findings BEGIN
    INSERT INTO tallies VALUES (NEW.place, NEW.category, NEW.module_name, NEW.state, NEW.severity, NEW.mute,
        NEW.finding_class, 1)
    ON CONFLICT DO UPDATE SET findings = findings + 1;
END;

CREATE TRIGGER finding_uncounted AFTER DELETE ON findings BEGIN
    UPDATE tallies SET findings = findings - 1
    WHERE (place, category, module_name, state, severity, mute, finding_class) =
        (OLD.place, OLD.category, OLD.module_name, OLD.state, OLD.severity, OLD.mute, OLD.finding_class);
END;

CREATE TRIGGER finding_recounted
AFTER UPDATE OF place, category, module_name, state, severity, mute, finding_class ON findings
WHEN (OLD.place, OLD.category, OLD.module_name, OLD.state, OLD.severity, OLD.mute, OLD.finding_class) <>
    (NEW.place, NEW.category, NEW.module_name, NEW.state, NEW.severity, NEW.mute, NEW.finding_class)
BEGIN
    UPDATE tallies SET findings = findings - 1
    WHERE (place, category, module_name, state, severity, mute, finding_class) =
        (OLD.place, OLD.category, OLD.module_name, OLD.state, OLD.severity, OLD.mute, OLD.finding_class);
    INSERT INTO tallies VALUES (NEW.place, NEW.category, NEW.module_name, NEW.state, NEW.severity, NEW.mute,
        NEW.finding_class, 1)
    ON CONFLICT DO UPDATE SET findings = findings + 1;
END;

-- What findings were before they changed: valid from update_time up to until_time.
CREATE TABLE finding_versions (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    canonical_name TEXT NOT NULL,
    place INTEGER NOT NULL,
    parent TEXT NOT NULL,
    category TEXT NOT NULL,
    resource_name TEXT NOT NULL,
    module_name TEXT NOT NULL,
    state INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    mute INTEGER NOT NULL,
    finding_class INTEGER NOT NULL,
    event_time INTEGER NOT NULL,
    create_time INTEGER NOT NULL,
    update_time INTEGER NOT NULL,
    pod_namespace TEXT NOT NULL,
    pod_name TEXT NOT NULL,
    container_id TEXT NOT NULL,
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
CREATE TRIGGER finding_created AFTER INSERT ON findings BEGIN
    INSERT INTO changes (finding, kind, time) VALUES (NEW.name, NEW.change, NEW.update_time);
END;
CREATE TRIGGER finding_changed AFTER UPDATE OF document ON findings BEGIN
    INSERT INTO changes (finding, kind, time) VALUES (NEW.name, NEW.change, NEW.update_time);
END;

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

