//! The fields that a filter can name, as Security Command Center spells them, and what their values are.
//!
//! A name is a path of `snake_case` words; JSON spells the same path in `camelCase`. The keys of maps are taken as they are.

use crate::tree::{Field, Part};
use finding::{CloudProvider, FindingClass, Mute, Protocol, Severity, State, camel_case};

/// One step of the way to a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// The value of that key.
    Key(String),
    /// Each element of the list that the step before led to.
    Each,
}

/// What a field's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// Whole numbers; JSON writes large ones as text.
    Integer,
    /// True or false.
    Boolean,
    /// Points in time.
    Time,
    /// One of these names.
    Name(Names),
    /// Something with parts: it can only exist or not.
    Parts,
    /// Whatever the source wrote there.
    Any,
}

/// Names of an enumeration. The first stands for a missing value.
pub type Names = &'static [&'static str];

#[derive(Debug)]
pub(crate) enum Shape {
    Text,
    /// A text that is an address of the Internet Protocol.
    Address,
    Integer,
    Boolean,
    Time,
    Name(Names),
    Parts(Parts),
    List(&'static Shape),
    /// Keys are the source's or the user's own.
    Map(&'static Shape),
    Any,
}

type Parts = &'static [(&'static str, &'static Shape)];

const TEXT: &Shape = &Shape::Text;
const TEXTS: &Shape = &Shape::List(TEXT);
const ADDRESS: &Shape = &Shape::Address;
const INTEGER: &Shape = &Shape::Integer;
const BOOLEAN: &Shape = &Shape::Boolean;
const TIME: &Shape = &Shape::Time;
const ANY: &Shape = &Shape::Any;

const STATE: &Shape = &Shape::Name(State::NAMES);
const SEVERITY: &Shape = &Shape::Name(Severity::NAMES);
const MUTE: &Shape = &Shape::Name(Mute::NAMES);
const CLASS: &Shape = &Shape::Name(FindingClass::NAMES);
const PROTOCOL: &Shape = &Shape::Name(Protocol::NAMES);
const PROVIDER: &Shape = &Shape::Name(CloudProvider::NAMES);

const LABELS: &Shape = &Shape::List(&Shape::Parts(&[("name", TEXT), ("value", TEXT)]));
const FILE: &Shape = &Shape::Parts(&[
    ("path", TEXT),
    ("size", INTEGER),
    ("sha256", TEXT),
    ("hashed_size", INTEGER),
    ("partially_hashed", BOOLEAN),
    ("contents", TEXT),
    ("disk_path", &Shape::Parts(&[("partition_uuid", TEXT), ("relative_path", TEXT)])),
    ("operations", &Shape::List(&Shape::Parts(&[("type", TEXT)]))),
]);
const PROCESS: &Shape = &Shape::Parts(&[
    ("name", TEXT),
    ("binary", FILE),
    ("libraries", &Shape::List(FILE)),
    ("script", FILE),
    ("args", TEXTS),
    ("arguments_truncated", BOOLEAN),
    ("env_variables", &Shape::List(&Shape::Parts(&[("name", TEXT), ("val", TEXT)]))),
    ("env_variables_truncated", BOOLEAN),
    ("pid", INTEGER),
    ("parent_pid", INTEGER),
    ("user_id", INTEGER),
]);
const CONTAINERS: &Shape = &Shape::List(&Shape::Parts(&[
    ("name", TEXT),
    ("uri", TEXT),
    ("image_id", TEXT),
    ("labels", LABELS),
    ("create_time", TIME),
]));
const SUBJECTS: &Shape = &Shape::List(&Shape::Parts(&[("kind", TEXT), ("ns", TEXT), ("name", TEXT)]));
const NODES: &Shape = &Shape::List(&Shape::Parts(&[("name", TEXT)]));
const ROLE: &Shape = &Shape::Parts(&[("kind", TEXT), ("ns", TEXT), ("name", TEXT)]);
const KUBERNETES: &Shape = &Shape::Parts(&[
    (
        "pods",
        &Shape::List(&Shape::Parts(&[
            ("ns", TEXT),
            ("name", TEXT),
            ("labels", LABELS),
            ("containers", CONTAINERS),
        ])),
    ),
    ("nodes", NODES),
    ("node_pools", &Shape::List(&Shape::Parts(&[("name", TEXT), ("nodes", NODES)]))),
    ("roles", &Shape::List(ROLE)),
    (
        "bindings",
        &Shape::List(&Shape::Parts(&[("ns", TEXT), ("name", TEXT), ("role", ROLE), ("subjects", SUBJECTS)])),
    ),
    (
        "access_reviews",
        &Shape::List(&Shape::Parts(&[
            ("group", TEXT),
            ("ns", TEXT),
            ("name", TEXT),
            ("resource", TEXT),
            ("subresource", TEXT),
            ("verb", TEXT),
            ("version", TEXT),
        ])),
    ),
    (
        "objects",
        &Shape::List(&Shape::Parts(&[
            ("group", TEXT),
            ("kind", TEXT),
            ("ns", TEXT),
            ("name", TEXT),
            ("containers", CONTAINERS),
        ])),
    ),
]);

const FINDING: Parts = &[
    ("name", TEXT),
    ("canonical_name", TEXT),
    ("parent", TEXT),
    ("parent_display_name", TEXT),
    ("resource_name", TEXT),
    ("state", STATE),
    ("category", TEXT),
    ("external_uri", TEXT),
    ("source_properties", &Shape::Map(ANY)),
    (
        "security_marks",
        &Shape::Parts(&[("name", TEXT), ("canonical_name", TEXT), ("marks", &Shape::Map(TEXT))]),
    ),
    ("event_time", TIME),
    ("create_time", TIME),
    ("severity", SEVERITY),
    ("mute", MUTE),
    (
        "mute_info",
        &Shape::Parts(&[
            ("static_mute", &Shape::Parts(&[("state", MUTE), ("apply_time", TIME)])),
            (
                "dynamic_mute_records",
                &Shape::List(&Shape::Parts(&[("mute_config", TEXT), ("match_time", TIME)])),
            ),
        ]),
    ),
    ("mute_update_time", TIME),
    ("mute_initiator", TEXT),
    ("finding_class", CLASS),
    (
        "indicator",
        &Shape::Parts(&[("ip_addresses", &Shape::List(ADDRESS)), ("domains", TEXTS), ("uris", TEXTS)]),
    ),
    (
        "external_systems",
        &Shape::Map(&Shape::Parts(&[
            ("name", TEXT),
            ("assignees", TEXTS),
            ("external_uid", TEXT),
            ("status", TEXT),
            ("external_system_update_time", TIME),
            ("case_uri", TEXT),
            ("case_priority", TEXT),
            ("case_sla", TIME),
            ("case_create_time", TIME),
            ("case_close_time", TIME),
        ])),
    ),
    (
        "mitre_attack",
        &Shape::Parts(&[
            ("primary_tactic", TEXT),
            ("primary_techniques", TEXTS),
            ("additional_tactics", TEXTS),
            ("additional_techniques", TEXTS),
            ("version", TEXT),
        ]),
    ),
    (
        "access",
        &Shape::Parts(&[
            ("principal_email", TEXT),
            ("caller_ip", ADDRESS),
            ("caller_ip_geo", &Shape::Parts(&[("region_code", TEXT)])),
            ("user_agent_family", TEXT),
            ("user_agent", TEXT),
            ("service_name", TEXT),
            ("method_name", TEXT),
            ("principal_subject", TEXT),
            ("service_account_key_name", TEXT),
            ("user_name", TEXT),
        ]),
    ),
    (
        "connections",
        &Shape::List(&Shape::Parts(&[
            ("destination_ip", ADDRESS),
            ("destination_port", INTEGER),
            ("source_ip", ADDRESS),
            ("source_port", INTEGER),
            ("protocol", PROTOCOL),
        ])),
    ),
    ("processes", &Shape::List(PROCESS)),
    ("containers", CONTAINERS),
    ("kubernetes", KUBERNETES),
    ("description", TEXT),
    ("next_steps", TEXT),
    ("module_name", TEXT),
    ("files", &Shape::List(FILE)),
    ("vedette", ANY),
];

const RESOURCE: Parts = &[
    ("name", TEXT),
    ("display_name", TEXT),
    ("type", TEXT),
    ("cloud_provider", PROVIDER),
    ("service", TEXT),
    ("location", TEXT),
    ("gcp_metadata", METADATA),
    ("resource_path_string", TEXT),
];
const FOLDERS: &Shape =
    &Shape::List(&Shape::Parts(&[("resource_folder", TEXT), ("resource_folder_display_name", TEXT)]));
const METADATA: &Shape = &Shape::Parts(&[
    ("project", TEXT),
    ("project_display_name", TEXT),
    ("parent", TEXT),
    ("parent_display_name", TEXT),
    ("folders", FOLDERS),
    ("organization", TEXT),
]);
/// v1's names, and those of filters in v2, of what v2 keeps in the metadata: name, key, shape.
const IN_METADATA: &[(&str, &str, &Shape)] = &[
    ("project", "project", TEXT),
    ("project_name", "project", TEXT),
    ("project_display_name", "projectDisplayName", TEXT),
    ("parent", "parent", TEXT),
    ("parent_name", "parent", TEXT),
    ("parent_display_name", "parentDisplayName", TEXT),
    ("folders", "folders", FOLDERS),
    ("organization", "organization", TEXT),
];

/// Why a name names nothing.
pub(crate) struct Unknown {
    /// Byte of the name at which it goes wrong.
    pub(crate) at: usize,
    pub(crate) expected: String,
}

/// A field, and what its parts are.
pub(crate) type Found = (Field, &'static Shape);

/// A field of a finding or of its resource.
pub(crate) fn field(name: &str) -> Result<Found, Unknown> {
    let (part, shape, rest, mut path) = match name.strip_prefix("resource.") {
        None => (Part::Finding, &Shape::Parts(FINDING), name, Vec::new()),
        Some(rest) => {
            let first = rest.split('.').next().unwrap_or_default();
            match IN_METADATA.iter().find(|(own, ..)| *own == first) {
                Some((_, key, shape)) => {
                    let path = vec![Step::Key("gcpMetadata".into()), Step::Key((*key).into())];
                    let behind =
                        rest.strip_prefix(first).and_then(|r| r.strip_prefix('.')).unwrap_or_default();
                    (Part::Resource, *shape, behind, path)
                }
                None => (Part::Resource, &Shape::Parts(RESOURCE), rest, Vec::new()),
            }
        }
    };
    let from = name.len() - rest.len();
    walk(name, from, shape, part, &mut path).map_err(|mut why| {
        if part == Part::Resource && why.at == from && path.is_empty() {
            let own =
                RESOURCE.iter().map(|(name, _)| *name).chain(IN_METADATA.iter().map(|(name, ..)| *name));
            why.expected = suggestion(rest.split('.').next().unwrap_or_default(), own);
        }
        why
    })
}

impl Field {
    /// A field by its name alone, as orders and groups name it.
    ///
    /// # Errors
    /// Where the name goes wrong and what was expected there.
    pub fn named(name: &str) -> Result<Self, crate::FilterError> {
        let wrong = |why: Unknown| {
            crate::FilterError::new(name, why.at, why.expected, name.chars().take(80).collect::<String>())
        };
        field(name).map(|(field, _)| field).map_err(wrong)
    }

    /// Whether it has at most one value: none of its steps leads through a list.
    pub fn is_single(&self) -> bool {
        self.path.iter().all(|step| matches!(step, Step::Key(_)))
    }
}

/// A field of the elements of a list; the empty name is the element itself.
pub(crate) fn field_of_element(element: &'static Shape, name: &str) -> Result<Found, Unknown> {
    walk(name, 0, element, Part::Element, &mut Vec::new())
}

/// Whether a field leads to a list, whose elements can be looked at one by one.
pub(crate) fn is_list(field: &Field) -> bool {
    field.path.last() == Some(&Step::Each)
}

fn walk(
    name: &str,
    from: usize,
    shape: &'static Shape,
    part: Part,
    path: &mut Vec<Step>,
) -> Result<Found, Unknown> {
    let mut shape = shape;
    let mut at = from;
    loop {
        while let Shape::List(element) = shape {
            path.push(Step::Each);
            shape = element;
        }
        let rest = name.get(at..).unwrap_or_default();
        if rest.is_empty() {
            break;
        }
        let word = rest.split('.').next().unwrap_or_default();
        match shape {
            Shape::Parts(parts) => match parts.iter().find(|(own, _)| *own == word) {
                Some((own, next)) => {
                    path.push(Step::Key(camel_case(own)));
                    shape = next;
                }
                None => {
                    return Err(Unknown {
                        at,
                        expected: suggestion(word, parts.iter().map(|(name, _)| *name)),
                    });
                }
            },
            Shape::Map(_) | Shape::Any if word.is_empty() => {
                return Err(Unknown { at, expected: "a key behind the point".into() });
            }
            Shape::Map(value) => {
                path.push(Step::Key(word.into()));
                shape = value;
            }
            Shape::Any => path.push(Step::Key(word.into())),
            _ => {
                let whole = name.get(..at.saturating_sub(1)).unwrap_or_default();
                return Err(Unknown { at, expected: format!("an operator: {whole} has no parts") });
            }
        }
        at += word.len() + 1;
        if at == name.len() {
            return Err(Unknown { at, expected: "a name behind the point".into() });
        }
    }
    let kind = match shape {
        Shape::Text | Shape::Address => Kind::Text,
        Shape::Integer => Kind::Integer,
        Shape::Boolean => Kind::Boolean,
        Shape::Time => Kind::Time,
        Shape::Name(names) => Kind::Name(names),
        Shape::Parts(_) | Shape::Map(_) | Shape::List(_) => Kind::Parts,
        Shape::Any => Kind::Any,
    };
    Ok((Field { name: name.to_owned(), part, path: std::mem::take(path), kind }, shape))
}

fn suggestion(word: &str, names: impl Iterator<Item = &'static str> + Clone) -> String {
    let plain = |text: &str| text.replace('_', "").to_ascii_lowercase();
    let wanted = plain(word);
    match names.clone().map(|name| (distance(&plain(name), &wanted), name)).min() {
        Some((few, name)) if few <= wanted.len() / 3 => format!("a field that exists, such as {name}"),
        _ => format!("one of the fields {}", names.collect::<Vec<_>>().join(", ")),
    }
}

/// Letters that differ, at most about as many as there are (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, a) in one.chars().take(64).enumerate() {
        let mut corner = row[0];
        row[0] = at + 1;
        for (column, b) in other.iter().enumerate() {
            let above = row[column + 1];
            row[column + 1] = (corner + usize::from(a != *b)).min(above + 1).min(row[column] + 1);
            corner = above;
        }
    }
    row.last().copied().unwrap_or_default()
}
