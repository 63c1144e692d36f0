-- When the findings of a day were created, at the earliest and at the latest: a range of one time is a range of the other.
CREATE TABLE finding_days (
    day INTEGER PRIMARY KEY,
    earliest INTEGER NOT NULL,
    latest INTEGER NOT NULL
) STRICT;
INSERT INTO finding_days
    SELECT event_time / 86400000000000, min(create_time), max(create_time) FROM findings GROUP BY 1;
CREATE TRIGGER finding_dated AFTER INSERT ON findings BEGIN
    INSERT INTO finding_days VALUES (NEW.event_time / 86400000000000, NEW.create_time, NEW.create_time)
    ON CONFLICT DO UPDATE SET earliest = min(earliest, excluded.earliest), latest = max(latest, excluded.latest)
    WHERE excluded.earliest < earliest OR excluded.latest > latest;
END;
CREATE TRIGGER finding_dated_again AFTER UPDATE OF event_time, create_time ON findings
WHEN (OLD.event_time, OLD.create_time) <> (NEW.event_time, NEW.create_time) BEGIN
    INSERT INTO finding_days VALUES (NEW.event_time / 86400000000000, NEW.create_time, NEW.create_time)
    ON CONFLICT DO UPDATE SET earliest = min(earliest, excluded.earliest), latest = max(latest, excluded.latest)
    WHERE excluded.earliest < earliest OR excluded.latest > latest;
END;
