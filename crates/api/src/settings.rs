//! Which detectors are on: said per organization, folder, project or cluster, inherited from above.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use store::{Document, DocumentKind, DocumentQuery, DocumentStore, Expectation, StoreError};

use crate::call::Call;
use crate::error::ApiError;

/// A detector's switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// Name of the switch, such as `CONTAINER_THREAT_DETECTION_SOCAT_REVERSE_SHELL`.
    pub name: String,
    /// What holds while nobody says anything.
    pub on_by_default: bool,
}

/// What a project or a folder belongs to, nearest first: `projects/p` → `folders/1`, `organizations/2`.
pub type Ancestors = Box<dyn Fn(&str) -> Vec<String> + Send + Sync>;

/// The one service there is.
pub(crate) const SERVICE: &str = "container-threat-detection";

/// What everything inherits from last.
const EVERYTHING: &str = "organizations/-";

/// The states that can be said.
pub(crate) const STATES: [(&str, i64); 4] =
    [("ENABLEMENT_STATE_UNSPECIFIED", 0), ("INHERITED", 1), ("ENABLED", 2), ("DISABLED", 3)];

const INHERITED: &str = "INHERITED";
const ENABLED: &str = "ENABLED";
const DISABLED: &str = "DISABLED";

/// What one place says. An empty service state is [`INHERITED`], and so is a module that is not named.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Said {
    pub(crate) service: String,
    pub(crate) modules: BTreeMap<String, String>,
    pub(crate) update_time: String,
    revision: Option<i64>,
}

impl Said {
    fn of(document: Option<&Document>) -> Self {
        let Some(document) = document else { return Self { service: INHERITED.into(), ..Self::default() } };
        let modules = document.body["modules"].as_object().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap_or(INHERITED).to_owned();
        Self {
            service: text(&document.body["service"]),
            modules: modules.map(|(name, state)| (name.clone(), text(state))).collect(),
            update_time: document.update_time.to_string(),
            revision: Some(document.revision),
        }
    }

    /// What a module is meant to be here.
    pub(crate) fn module(&self, name: &str) -> &str {
        self.modules.get(name).map_or(INHERITED, String::as_str)
    }
}

/// What holds at one place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Effective {
    pub(crate) service: &'static str,
    pub(crate) modules: BTreeMap<String, &'static str>,
}

fn decided(state: &str) -> Option<&'static str> {
    [ENABLED, DISABLED].into_iter().find(|known| *known == state)
}

/// What holds, from what is said at a place and above it, nearest first. A service that is off takes all modules with it.
fn effective(chain: &[Said], modules: &[Module]) -> Effective {
    let service = chain.iter().find_map(|said| decided(&said.service)).unwrap_or(ENABLED);
    let state = |module: &Module| {
        let by_default = if module.on_by_default { ENABLED } else { DISABLED };
        let own = chain.iter().find_map(|said| decided(said.module(&module.name))).unwrap_or(by_default);
        if service == DISABLED { DISABLED } else { own }
    };
    Effective {
        service,
        modules: modules.iter().map(|module| (module.name.clone(), state(module))).collect(),
    }
}

fn key(place: &str) -> String {
    format!("{place}/{SERVICE}")
}

/// The places that decide, nearest first: itself, for a cluster its project, what these belong to, everything.
fn chain(place: &str, ancestors: &dyn Fn(&str) -> Vec<String>) -> Vec<String> {
    let project = place.split_once("/locations/").map(|(project, _)| project);
    let mut chain = vec![place.to_owned()];
    chain.extend(project.map(str::to_owned));
    chain.extend(ancestors(project.unwrap_or(place)));
    if !chain.iter().any(|place| place == EVERYTHING) {
        chain.push(EVERYTHING.into());
    }
    chain
}

async fn said_along(documents: &dyn DocumentStore, chain: &[String]) -> Result<Vec<Said>, StoreError> {
    let mut said = Vec::new();
    for place in chain {
        let document = documents.document(DocumentKind::ServiceSettings, &key(place)).await?;
        said.push(Said::of(document.as_ref()));
    }
    Ok(said)
}

/// Which modules are on where some places decide, nearest first; `None` when none of them says anything. What is said of
/// everything (`organizations/-`) need not be named.
pub async fn modules_along(
    documents: &dyn DocumentStore,
    modules: &[Module],
    places: &[String],
) -> Result<Option<BTreeMap<String, bool>>, StoreError> {
    // asked again and again, by every sensor, and nearly always of nothing
    let any =
        DocumentQuery { kind: DocumentKind::ServiceSettings, prefix: String::new(), after: None, limit: 1 };
    if documents.documents(any).await?.is_empty() {
        return Ok(None);
    }
    let mut places = places.to_vec();
    if !places.iter().any(|place| place == EVERYTHING) {
        places.push(EVERYTHING.into());
    }
    let said = said_along(documents, &places).await?;
    if said.iter().all(|one| one.revision.is_none()) {
        return Ok(None);
    }
    let effective = effective(&said, modules);
    Ok(Some(effective.modules.into_iter().map(|(name, state)| (name, state == ENABLED)).collect()))
}

/// What a place says and what holds there.
pub(crate) async fn read(call: &Call, place: &str) -> Result<(Said, Effective), ApiError> {
    let service = &call.service;
    let chain = chain(place, &*service.ancestors);
    let said = said_along(&*service.documents, &chain).await?;
    let effective = effective(&said, &service.modules);
    Ok((said.into_iter().next().unwrap_or_default(), effective))
}

/// Writes what a place says.
pub(crate) async fn write(call: &Call, place: &str, said: &Said) -> Result<(), ApiError> {
    let body = json!({"service": said.service, "modules": said.modules});
    let expected = said.revision.map_or(Expectation::Absent, Expectation::Revision);
    let documents = &call.service.documents;
    let written =
        documents.put_document(DocumentKind::ServiceSettings, &key(place), body, expected, call.now).await?;
    written.map(|_| ()).ok_or_else(|| ApiError::Aborted { what: format!("the settings of {place}") })
}

/// A state as a body says it. `field` is what is blamed.
pub(crate) fn state(value: Option<&Value>, field: &str) -> Result<&'static str, ApiError> {
    let Some(value) = value else { return Ok(INHERITED) };
    let found = STATES.iter().find(|(name, number)| value == name || value.as_i64() == Some(*number));
    match found {
        Some((_, 0)) => Ok(INHERITED),
        Some((name, _)) => Ok(name),
        None => Err(ApiError::invalid(field.to_owned(), &"it must be INHERITED, ENABLED or DISABLED")),
    }
}

/// The modules of a body, each with its state under `key`.
pub(crate) fn modules(
    call: &Call,
    fields: &Map<String, Value>,
    key: &str,
) -> Result<BTreeMap<String, String>, ApiError> {
    let known = &call.service.modules;
    let mut result = BTreeMap::new();
    for (name, value) in fields {
        if !known.iter().any(|module| module.name == *name) {
            let names: Vec<&str> = known.iter().map(|module| module.name.as_str()).collect();
            let reason = format!(
                "there is no module {:?}; there are {}",
                name.chars().take(80).collect::<String>(),
                names.join(", ")
            );
            return Err(ApiError::invalid("modules", &reason));
        }
        let field = format!("modules.{name}.{key}");
        let value =
            value.as_object().ok_or_else(|| ApiError::invalid(field.clone(), &"it must be an object"))?;
        result.insert(name.clone(), state(value.get(key), &field)?.to_owned());
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::{Module, Said, chain, effective};

    fn said(service: &str, modules: &[(&str, &str)]) -> Said {
        let modules = modules.iter().map(|(name, state)| ((*name).into(), (*state).into())).collect();
        Said { service: service.into(), modules, ..Said::default() }
    }

    #[test]
    fn the_nearest_that_says_something_decides_and_a_service_that_is_off_takes_all_with_it() {
        let modules = [("A", true), ("B", false)]
            .map(|(name, on_by_default)| Module { name: name.into(), on_by_default });
        let states = |chain: &[Said]| {
            let effective = effective(chain, &modules);
            (effective.service, effective.modules["A"], effective.modules["B"])
        };
        assert_eq!(states(&[]), ("ENABLED", "ENABLED", "DISABLED"));
        let (project, organization) = (
            said("INHERITED", &[("B", "ENABLED")]),
            said("ENABLED", &[("A", "DISABLED"), ("B", "DISABLED")]),
        );
        assert_eq!(states(&[project.clone(), organization.clone()]), ("ENABLED", "DISABLED", "ENABLED"));
        assert_eq!(states(&[said("DISABLED", &[]), organization]), ("DISABLED", "DISABLED", "DISABLED"));
        assert_eq!(states(&[project, said("DISABLED", &[])]), ("DISABLED", "DISABLED", "DISABLED"));
    }

    #[test]
    fn a_cluster_inherits_from_its_project_and_what_that_belongs_to() {
        let ancestors = |place: &str| match place {
            "projects/p" => vec!["folders/1".to_owned(), "organizations/2".to_owned()],
            _ => Vec::new(),
        };
        assert_eq!(
            chain("projects/p/locations/l/clusters/c", &ancestors),
            [
                "projects/p/locations/l/clusters/c",
                "projects/p",
                "folders/1",
                "organizations/2",
                "organizations/-"
            ]
        );
        assert_eq!(chain("organizations/-", &ancestors), ["organizations/-"]);
    }
}
