//! What is wrong with the file: which line, which key, what belongs there.

/// What a key takes, where that is more than text.
const TAKES: [(&str, &str); 24] = [
    ("listen", "an address and port, such as 0.0.0.0:8443"),
    ("hosts", "a list of names and addresses, such as [vedette.example.org]"),
    ("tls", "certificate and key, paths of PEM files"),
    ("behindProxy", "true or false"),
    ("proxies", "how many there are in front, such as 1"),
    ("database", "url, such as postgres://user@host/name, or urlFile"),
    ("evidence", "minFreeBytes, or maxBytes with a database"),
    ("evidence.minFreeBytes", "bytes, such as 1073741824"),
    ("evidence.maxBytes", "bytes, such as 107374182400"),
    ("intake", "keys such as listen, domain and cluster"),
    ("intake.listen", "an address and port, such as 0.0.0.0:7443"),
    ("intake.heartbeatSeconds", "1 to 3600"),
    ("intake.certificateHours", "hours, such as 24"),
    ("access", "keys such as hosts, openIdConnect and kubernetes"),
    ("access.hosts", "a list, such as [vedette.example.org]"),
    ("access.openIdConnect", "a list of identity providers"),
    ("access.kubernetes", "keys such as sensors and roles"),
    ("outputs", "secrets, pubsubPush and authorities"),
    ("retention", "findingsDays, auditDays and changesDays"),
    ("retention.findingsDays", "days, such as 396"),
    ("retention.auditDays", "days, such as 400"),
    ("retention.changesDays", "days, such as 7"),
    ("organization", "an id, such as \"123456789012\""),
    ("folders", "a list of folders for each project, such as projects/shop: [folders/7]"),
];

/// `line 2, listen: "here" is no address and port; listen takes …`.
pub(super) fn malformed(text: &str, error: &serde_saphyr::Error) -> String {
    let said = yaml::words(error);
    let Some(line) = error.location().map(|at| at.line()) else { return said };
    let at = usize::try_from(line).unwrap_or_default().saturating_sub(1);
    // where the lines are not yet understood, nothing is inside of anything
    let key = if said.contains("pars") { String::new() } else { yaml::key_at(text, at) };
    if key.is_empty() {
        return format!("line {line}: {said}");
    }
    let said = if said.contains("socket address") {
        format!("{:?} is no address and port", value_at(text, at))
    } else {
        said
    };
    // a key that there is not takes nothing
    let takes = TAKES.iter().find(|(name, _)| *name == key && !said.contains("no such key"));
    let takes = takes.map(|(_, takes)| format!("; {key} takes {takes}")).unwrap_or_default();
    format!("line {line}, {key}: {said}{takes}")
}

/// The line, from 1, of a key, or of the nearest key around it that has one of its own.
pub(super) fn line_of(text: &str, key: &str) -> Option<usize> {
    let mut key = key.split('[').next().unwrap_or_default();
    loop {
        if let Some(at) = (0..text.lines().count()).find(|at| yaml::key_at(text, *at) == key) {
            return Some(at + 1);
        }
        key = key.rsplit_once('.')?.0;
    }
}

fn value_at(text: &str, at: usize) -> &str {
    let line = text.lines().nth(at).unwrap_or_default();
    let value = line.split_once(':').map_or("", |(_, value)| value);
    let value = value.split_once(" #").map_or(value, |(value, _)| value);
    value.trim().trim_matches(['"', '\''])
}
