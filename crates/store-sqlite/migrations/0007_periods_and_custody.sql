-- How many findings there are over time: by quarters of the days of their events (event_time / 6 h, rounded towards 1970).
CREATE TABLE finding_periods (
    period INTEGER NOT NULL,
    place INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    state INTEGER NOT NULL,
    mute INTEGER NOT NULL,
    findings INTEGER NOT NULL,
    PRIMARY KEY (period, place, severity, state, mute)
) STRICT, WITHOUT ROWID;
INSERT INTO finding_periods
    SELECT event_time / 21600000000000, place, severity, state, mute, count(*) FROM findings GROUP BY 1, 2, 3, 4, 5;

CREATE TRIGGER finding_timed AFTER INSERT ON findings BEGIN
    INSERT INTO finding_periods
    VALUES (NEW.event_time / 21600000000000, NEW.place, NEW.severity, NEW.state, NEW.mute, 1)
    ON CONFLICT DO UPDATE SET findings = findings + 1;
END;

CREATE TRIGGER finding_untimed AFTER DELETE ON findings BEGIN
    UPDATE finding_periods SET findings = findings - 1
    WHERE (period, place, severity, state, mute) =
        (OLD.event_time / 21600000000000, OLD.place, OLD.severity, OLD.state, OLD.mute);
    DELETE FROM finding_periods
    WHERE (period, place, severity, state, mute) =
        (OLD.event_time / 21600000000000, OLD.place, OLD.severity, OLD.state, OLD.mute) AND findings = 0;
END;

CREATE TRIGGER finding_retimed AFTER UPDATE OF event_time, place, severity, state, mute ON findings
WHEN (OLD.event_time, OLD.place, OLD.severity, OLD.state, OLD.mute) <>
    (NEW.event_time, NEW.place, NEW.severity, NEW.state, NEW.mute)
BEGIN
    UPDATE finding_periods SET findings = findings - 1
    WHERE (period, place, severity, state, mute) =
        (OLD.event_time / 21600000000000, OLD.place, OLD.severity, OLD.state, OLD.mute);
    INSERT INTO finding_periods
    VALUES (NEW.event_time / 21600000000000, NEW.place, NEW.severity, NEW.state, NEW.mute, 1)
    ON CONFLICT DO UPDATE SET findings = findings + 1;
END;

-- Who had to do with one thing, such as a piece of evidence.
CREATE INDEX audit_by_resource ON audit (resource, sequence DESC);
