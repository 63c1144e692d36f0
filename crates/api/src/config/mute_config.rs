//! Mute configs: rules that hide findings.

use finding::Timestamp;
use finding_filter::{Field, Filter, FilterError, Node, Part, Step};
use serde_json::{Map, Value, json};
use store::DocumentKind;

use super::ConfigKind;
use crate::body::Body;
use crate::error::ApiError;
use crate::mutes;

/// The types, in the order of their numbers.
const TYPES: &[&str] = &["MUTE_CONFIG_TYPE_UNSPECIFIED", "STATIC", "DYNAMIC"];

/// Mute configs.
pub(crate) const MUTE_CONFIG: ConfigKind = ConfigKind {
    documents: DocumentKind::MuteConfig,
    collection: "muteConfigs",
    noun: "muteConfig",
    id_parameter: "muteConfigId",
    fields: &["description", "filter", "type", "expiryTime", "displayName"],
    check,
    tells_history: true,
    enums: &[("type", TYPES)],
};

/// Longest filter; what limits it to a scope is added.
const FILTER_MAX: usize = 16 << 10;

/// What users and rules change themselves: a rule that asked for it would decide about what it decides from.
const UNSTEADY: &[&str] =
    &["state", "mute", "muteInfo", "muteUpdateTime", "muteInitiator", "securityMarks", "externalSystems"];

fn check(
    body: &Body,
    stored: Option<&Map<String, Value>>,
    now: Timestamp,
) -> Result<Map<String, Value>, ApiError> {
    let own = |field: &str| stored.and_then(|s| s.get(field)).and_then(Value::as_str);
    let choice = body.choice("type", &[("MUTE_CONFIG_TYPE_UNSPECIFIED", 0), ("STATIC", 1), ("DYNAMIC", 2)]);
    let kind =
        match choice.map_err(|_| ApiError::invalid("muteConfig.type", &"it must be STATIC or DYNAMIC"))? {
            "MUTE_CONFIG_TYPE_UNSPECIFIED" => own("type").unwrap_or("STATIC"),
            said => said,
        };
    if own("type").is_some_and(|own| own != kind) {
        return Err(ApiError::invalid(
            "muteConfig.type",
            &"it never changes; delete the config and make another",
        ));
    }
    let mut fields = Map::new();
    for (field, most) in [("description", 1_024), ("displayName", 256)] {
        let text = body.text(field, most)?;
        if !text.is_empty() {
            fields.insert(field.into(), text.into());
        }
    }
    let filter = body.text("filter", FILTER_MAX)?;
    check_filter(&filter)?;
    fields.insert("filter".into(), filter.into());
    if let Some(expires) = body.time("expiryTime")? {
        let is_same = own("expiryTime").is_some_and(|own| own == expires.to_string());
        if kind != "DYNAMIC" {
            return Err(ApiError::invalid("muteConfig.expiryTime", &"only a DYNAMIC config has one"));
        }
        if expires <= now && !is_same {
            return Err(ApiError::invalid(
                "muteConfig.expiryTime",
                &format!("{expires} is past; it is {now}"),
            ));
        }
        fields.insert("expiryTime".into(), json!(expires.to_string()));
    }
    fields.insert("type".into(), kind.into());
    Ok(fields)
}

fn check_filter(text: &str) -> Result<(), ApiError> {
    if text.trim().is_empty() {
        let reason = "it must say what is hidden; a config that hides everything is refused";
        return Err(ApiError::invalid("muteConfig.filter", &reason));
    }
    let filter: Filter = text.parse().map_err(|e: FilterError| ApiError::invalid("muteConfig.filter", &e))?;
    if mutes::within("organizations/1", text).parse::<Filter>().is_err() {
        let reason = format!(
            "what limits it to its scope is added, and then it is too much; use at most {} comparisons and {} levels",
            finding_filter::TERMS_MAX - 2,
            finding_filter::DEPTH_MAX - 1,
        );
        return Err(ApiError::invalid("muteConfig.filter", &reason));
    }
    let is_unsteady = |field: &Field| {
        let first = match field.path.first() {
            Some(Step::Key(key)) => key.as_str(),
            _ => "",
        };
        field.part == Part::Finding && UNSTEADY.contains(&first)
    };
    match filter.root().and_then(|root| find(root, &is_unsteady)) {
        None => Ok(()),
        Some(name) => {
            let reason = format!(
                "{name} is changed by users and by rules; ask for facts, such as category, severity, resource.name, \
                 resource.type, finding_class, indicator.ip_addresses"
            );
            Err(ApiError::invalid("muteConfig.filter", &reason))
        }
    }
}

/// The first field that is meant.
fn find(node: &Node, is_meant: &dyn Fn(&Field) -> bool) -> Option<String> {
    let named = |field: &Field| is_meant(field).then(|| field.name.clone());
    match node {
        Node::And(parts) | Node::Or(parts) => parts.iter().find_map(|part| find(part, is_meant)),
        Node::Not(inner) => find(inner, is_meant),
        Node::Compare(comparison) => named(&comparison.field),
        Node::Exists(field) | Node::InIpRange { field, .. } => named(field),
        Node::Contains { list, element, .. } => named(list).or_else(|| find(element, is_meant)),
    }
}
