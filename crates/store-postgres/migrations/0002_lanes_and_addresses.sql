-- What lists are narrowed by and ordered by, tallies, and addresses: so that no question looks at all findings.

-- The source properties Pod_Namespace, Pod_Name, Container_Id; '' when they are no texts.
CREATE FUNCTION property(document JSON, key TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE json_typeof(document #> ARRAY['finding', 'sourceProperties', key])
        WHEN 'string' THEN document #>> ARRAY['finding', 'sourceProperties', key] ELSE '' END
$$;
ALTER TABLE findings
    ADD COLUMN pod_namespace TEXT COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN pod_name TEXT COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN container_id TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE finding_versions
    ADD COLUMN pod_namespace TEXT COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN pod_name TEXT COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN container_id TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE findings SET pod_namespace = property(document, 'Pod_Namespace'), pod_name = property(document, 'Pod_Name'),
    container_id = property(document, 'Container_Id');
UPDATE finding_versions SET pod_namespace = property(document, 'Pod_Namespace'), pod_name = property(document, 'Pod_Name'),
    container_id = property(document, 'Container_Id');
DROP FUNCTION property;

-- Of each value the newest first. A text can be longer than an entry of an index may be: its hash is indexed instead.
DROP INDEX findings_by_severity;
DROP INDEX findings_by_category;
CREATE INDEX findings_by_severity ON findings (severity, create_time DESC, name);
CREATE INDEX findings_by_severity_and_event ON findings (severity, event_time DESC, name);
CREATE INDEX findings_by_category ON findings (hashtextextended(category, 0), create_time DESC);
CREATE INDEX findings_by_resource ON findings (hashtextextended(resource_name, 0), create_time DESC);
CREATE INDEX findings_by_pod
    ON findings (hashtextextended(pod_namespace, hashtextextended(pod_name, 0)), create_time DESC) WHERE pod_name <> '';
CREATE INDEX findings_by_container
    ON findings (hashtextextended(container_id, 0), create_time DESC) WHERE container_id <> '';

-- How many findings there are of each place and kind: totals and groups are sums over these rows. In shares, so that writers
-- of one kind do not wait for each other; a share alone says nothing and can be negative.
CREATE TABLE tallies (
    -- SHA-256 of what follows up to the number.
    kind BYTEA NOT NULL,
    share INTEGER NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    canonical_scope TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    location TEXT COLLATE "C" NOT NULL,
    category TEXT COLLATE "C" NOT NULL,
    module_name TEXT COLLATE "C" NOT NULL,
    state BIGINT NOT NULL,
    severity BIGINT NOT NULL,
    mute BIGINT NOT NULL,
    finding_class BIGINT NOT NULL,
    findings BIGINT NOT NULL,
    PRIMARY KEY (kind, share)
) WITH (fillfactor = 50);

CREATE FUNCTION kind_of(VARIADIC parts TEXT[]) RETURNS BYTEA LANGUAGE sql IMMUTABLE AS
    $$ SELECT sha256(convert_to(parts::text, 'UTF8')) $$;
INSERT INTO tallies
    SELECT kind_of(scope, canonical_scope, source, location, category, module_name, state::text, severity::text, mute::text,
        finding_class::text), 0, scope, canonical_scope, source, location, category, module_name, state, severity, mute,
        finding_class, count(*)
    FROM findings
    GROUP BY scope, canonical_scope, source, location, category, module_name, state, severity, mute, finding_class;

-- When the findings of a day were created, at the earliest and at the latest: a range of one time is a range of the other.
CREATE TABLE finding_days (
    day BIGINT NOT NULL,
    share INTEGER NOT NULL,
    earliest BIGINT NOT NULL,
    latest BIGINT NOT NULL,
    PRIMARY KEY (day, share)
) WITH (fillfactor = 50);
INSERT INTO finding_days
    SELECT event_time / 86400000000000, 0, min(create_time), max(create_time) FROM findings GROUP BY 1;

CREATE FUNCTION count_finding() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    -- a connection does one thing at a time
    own INTEGER := pg_backend_pid() % 32;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO tallies VALUES (kind_of(OLD.scope, OLD.canonical_scope, OLD.source, OLD.location, OLD.category,
            OLD.module_name, OLD.state::text, OLD.severity::text, OLD.mute::text, OLD.finding_class::text), own, OLD.scope,
            OLD.canonical_scope, OLD.source, OLD.location, OLD.category, OLD.module_name, OLD.state, OLD.severity, OLD.mute,
            OLD.finding_class, -1)
        ON CONFLICT (kind, share) DO UPDATE SET findings = tallies.findings - 1;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO tallies VALUES (kind_of(NEW.scope, NEW.canonical_scope, NEW.source, NEW.location, NEW.category,
            NEW.module_name, NEW.state::text, NEW.severity::text, NEW.mute::text, NEW.finding_class::text), own, NEW.scope,
            NEW.canonical_scope, NEW.source, NEW.location, NEW.category, NEW.module_name, NEW.state, NEW.severity, NEW.mute,
            NEW.finding_class, 1)
        ON CONFLICT (kind, share) DO UPDATE SET findings = tallies.findings + 1;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER finding_counted AFTER INSERT OR DELETE ON findings FOR EACH ROW EXECUTE FUNCTION count_finding();
CREATE TRIGGER finding_recounted AFTER UPDATE ON findings FOR EACH ROW
WHEN ((OLD.canonical_scope, OLD.category, OLD.module_name, OLD.state, OLD.severity, OLD.mute, OLD.finding_class) <>
    (NEW.canonical_scope, NEW.category, NEW.module_name, NEW.state, NEW.severity, NEW.mute, NEW.finding_class))
EXECUTE FUNCTION count_finding();

CREATE FUNCTION date_finding() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO finding_days AS d
    VALUES (NEW.event_time / 86400000000000, pg_backend_pid() % 32, NEW.create_time, NEW.create_time)
    ON CONFLICT (day, share) DO UPDATE
    SET earliest = least(d.earliest, excluded.earliest), latest = greatest(d.latest, excluded.latest)
    WHERE excluded.earliest < d.earliest OR excluded.latest > d.latest;
    RETURN NULL;
END $$;
CREATE TRIGGER finding_dated AFTER INSERT ON findings FOR EACH ROW EXECUTE FUNCTION date_finding();
CREATE TRIGGER finding_dated_again AFTER UPDATE ON findings FOR EACH ROW
WHEN ((OLD.event_time, OLD.create_time) <> (NEW.event_time, NEW.create_time))
EXECUTE FUNCTION date_finding();

-- Addresses that findings name, by the day of creation: what is written lies together. The field's number is that of the
-- field and of the address's family. What findings of an older database name is added when it is brought up to date.
CREATE TABLE finding_addresses (
    day BIGINT NOT NULL,
    field BIGINT NOT NULL,
    address BYTEA NOT NULL,
    finding TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (day, field, address, finding)
);
