//! What belongs to a scope. A credential belongs to it when everything that it may do is within it, so that who administers one
//! organization neither makes, sees nor revokes what reaches beyond.

use finding::{Collection, Scope};

use super::Credential;
use crate::call::Call;
use crate::error::ApiError;
use crate::service::Service;

/// Whether a parent is a scope or belongs to it. No parent is everywhere.
pub(crate) fn contains(service: &Service, scope: &Scope, parent: Option<&str>) -> bool {
    if scope.is_everything() {
        return true;
    }
    let scope = scope.to_string();
    parent.is_some_and(|parent| parent == scope || (service.ancestors)(parent).contains(&scope))
}

/// Those of some credentials that belong to a scope.
pub(crate) fn credentials_of(service: &Service, scope: &Scope, mut all: Vec<Credential>) -> Vec<Credential> {
    all.retain(|one| one.bindings.iter().all(|binding| contains(service, scope, binding.parent.as_deref())));
    all
}

/// The scope of a path, which must be a whole organization or everything.
pub(crate) fn organization(call: &Call) -> Result<Scope, ApiError> {
    let scope = call.target.names.scope()?;
    if scope.collection() == Collection::Organizations {
        return Ok(scope);
    }
    let reason =
        format!("{scope} keeps none of these; ask under organizations/ID, or organizations/- for all");
    Err(ApiError::invalid("parent", &reason))
}

/// The scope of a path, which must be everything: nodes and their certificates belong to no organization.
pub(crate) fn everything(call: &Call) -> Result<Scope, ApiError> {
    let scope = call.target.names.scope()?;
    if scope.is_everything() {
        return Ok(scope);
    }
    let reason =
        format!("certificates belong to the whole server and not to {scope}; ask under organizations/-");
    Err(ApiError::invalid("parent", &reason))
}
