-- How many findings there are over time: by quarters of the days of their events (event_time / 6 h, rounded towards 1970). In
-- shares, as tallies.
CREATE TABLE finding_periods (
    period BIGINT NOT NULL,
    -- SHA-256 of the place, with what follows up to the number.
    kind BYTEA NOT NULL,
    share INTEGER NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    canonical_scope TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    location TEXT COLLATE "C" NOT NULL,
    severity BIGINT NOT NULL,
    state BIGINT NOT NULL,
    mute BIGINT NOT NULL,
    findings BIGINT NOT NULL,
    PRIMARY KEY (period, kind, share)
) WITH (fillfactor = 50);
INSERT INTO finding_periods
    SELECT event_time / 21600000000000,
        kind_of(scope, canonical_scope, source, location, severity::text, state::text, mute::text), 0, scope,
        canonical_scope, source, location, severity, state, mute, count(*)
    FROM findings
    GROUP BY event_time / 21600000000000, scope, canonical_scope, source, location, severity, state, mute;

CREATE FUNCTION time_findings() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    own CONSTANT INTEGER := own_share();
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO finding_periods
        SELECT event_time / 21600000000000,
            kind_of(scope, canonical_scope, source, location, severity::text, state::text, mute::text), own, scope,
            canonical_scope, source, location, severity, state, mute, count(*)
        FROM come
        GROUP BY event_time / 21600000000000, scope, canonical_scope, source, location, severity, state, mute
        ON CONFLICT (period, kind, share) DO UPDATE SET findings = finding_periods.findings + excluded.findings;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO finding_periods
        SELECT event_time / 21600000000000,
            kind_of(scope, canonical_scope, source, location, severity::text, state::text, mute::text), own, scope,
            canonical_scope, source, location, severity, state, mute, sum(one)
        FROM (SELECT *, 1 AS one FROM come UNION ALL SELECT *, -1 FROM gone) AS changed
        GROUP BY event_time / 21600000000000, scope, canonical_scope, source, location, severity, state, mute
        HAVING sum(one) <> 0
        ON CONFLICT (period, kind, share) DO UPDATE SET findings = finding_periods.findings + excluded.findings;
    ELSE
        INSERT INTO finding_periods
        SELECT event_time / 21600000000000,
            kind_of(scope, canonical_scope, source, location, severity::text, state::text, mute::text), own, scope,
            canonical_scope, source, location, severity, state, mute, -count(*)
        FROM gone
        GROUP BY event_time / 21600000000000, scope, canonical_scope, source, location, severity, state, mute
        ON CONFLICT (period, kind, share) DO UPDATE SET findings = finding_periods.findings + excluded.findings;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER findings_timed AFTER INSERT ON findings REFERENCING NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION time_findings();
CREATE TRIGGER findings_retimed AFTER UPDATE ON findings REFERENCING OLD TABLE AS gone NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION time_findings();
CREATE TRIGGER findings_untimed AFTER DELETE ON findings REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION time_findings();

-- Who had to do with one thing, such as a piece of evidence.
CREATE INDEX audit_by_resource ON audit (hashtextextended(resource, 0), sequence DESC);
