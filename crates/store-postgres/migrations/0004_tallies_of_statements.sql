-- Many findings are written by one statement: it counts them once, by kind, instead of a row at a time.
DROP TRIGGER finding_counted ON findings;
DROP TRIGGER finding_recounted ON findings;
DROP TRIGGER finding_dated ON findings;
DROP TRIGGER finding_dated_again ON findings;
DROP FUNCTION count_finding();
DROP FUNCTION date_finding();

-- A share in which nobody else counts as long as this transaction runs, so that nobody waits for another's rows while others
-- wait for one's own. Taken after the names' locks. With more writers than shares one is waited for.
CREATE FUNCTION own_share() RETURNS INTEGER LANGUAGE plpgsql AS $$
DECLARE
    -- "Vdts"
    class CONSTANT INTEGER := 1449423987;
    usual CONSTANT INTEGER := pg_backend_pid() % 32;
BEGIN
    FOR step IN 0..31 LOOP
        IF pg_try_advisory_xact_lock(class, (usual + step) % 32) THEN
            RETURN (usual + step) % 32;
        END IF;
    END LOOP;
    PERFORM pg_advisory_xact_lock(class, usual);
    RETURN usual;
END $$;

CREATE FUNCTION count_findings() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    own CONSTANT INTEGER := own_share();
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO tallies
        SELECT kind_of(scope, canonical_scope, source, location, category, module_name, state::text, severity::text,
            mute::text, finding_class::text), own, scope, canonical_scope, source, location, category, module_name, state,
            severity, mute, finding_class, count(*)
        FROM come
        GROUP BY scope, canonical_scope, source, location, category, module_name, state, severity, mute, finding_class
        ON CONFLICT (kind, share) DO UPDATE SET findings = tallies.findings + excluded.findings;
        INSERT INTO finding_days AS d
        SELECT event_time / 86400000000000, own, min(create_time), max(create_time) FROM come GROUP BY 1
        ON CONFLICT (day, share) DO UPDATE
        SET earliest = least(d.earliest, excluded.earliest), latest = greatest(d.latest, excluded.latest)
        WHERE excluded.earliest < d.earliest OR excluded.latest > d.latest;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO tallies
        SELECT kind_of(scope, canonical_scope, source, location, category, module_name, state::text, severity::text,
            mute::text, finding_class::text), own, scope, canonical_scope, source, location, category, module_name, state,
            severity, mute, finding_class, sum(one)
        FROM (SELECT *, 1 AS one FROM come UNION ALL SELECT *, -1 FROM gone) AS changed
        GROUP BY scope, canonical_scope, source, location, category, module_name, state, severity, mute, finding_class
        HAVING sum(one) <> 0
        ON CONFLICT (kind, share) DO UPDATE SET findings = tallies.findings + excluded.findings;
        INSERT INTO finding_days AS d
        SELECT come.event_time / 86400000000000, own, min(come.create_time), max(come.create_time)
        FROM come JOIN gone USING (month, name)
        WHERE (come.event_time, come.create_time) <> (gone.event_time, gone.create_time) GROUP BY 1
        ON CONFLICT (day, share) DO UPDATE
        SET earliest = least(d.earliest, excluded.earliest), latest = greatest(d.latest, excluded.latest)
        WHERE excluded.earliest < d.earliest OR excluded.latest > d.latest;
    ELSE
        INSERT INTO tallies
        SELECT kind_of(scope, canonical_scope, source, location, category, module_name, state::text, severity::text,
            mute::text, finding_class::text), own, scope, canonical_scope, source, location, category, module_name, state,
            severity, mute, finding_class, -count(*)
        FROM gone
        GROUP BY scope, canonical_scope, source, location, category, module_name, state, severity, mute, finding_class
        ON CONFLICT (kind, share) DO UPDATE SET findings = tallies.findings + excluded.findings;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER findings_counted AFTER INSERT ON findings REFERENCING NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION count_findings();
CREATE TRIGGER findings_recounted AFTER UPDATE ON findings REFERENCING OLD TABLE AS gone NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION count_findings();
CREATE TRIGGER findings_uncounted AFTER DELETE ON findings REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION count_findings();
