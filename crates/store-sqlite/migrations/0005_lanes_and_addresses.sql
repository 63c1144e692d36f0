-- Of each severity, the order of both times: lists that begin with the severity follow one after the other.
DROP INDEX findings_by_severity;
CREATE INDEX findings_by_severity ON findings (severity, create_time DESC, place, state, mute);
CREATE INDEX findings_by_severity_and_event ON findings (severity, event_time DESC, place, state, mute);

-- Addresses that findings name, by the day of creation: what is written lies together. The field's number is that of the
-- field and of the address's family. What findings of an older file name is added when it is opened.
CREATE TABLE finding_addresses (
    day INTEGER NOT NULL,
    field INTEGER NOT NULL,
    address BLOB NOT NULL,
    finding INTEGER NOT NULL,
    PRIMARY KEY (day, field, address, finding)
) STRICT, WITHOUT ROWID;
