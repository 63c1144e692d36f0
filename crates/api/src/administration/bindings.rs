//! Roles within parents, as a body says them and as an answer does.

use finding::{Parent, Scope};
use serde_json::{Map, Value};

use super::{Binding, NewCredential, contains};
use crate::call::Call;
use crate::error::ApiError;

/// Roles of one token or key.
const MOST: usize = 100;

/// What a body asks to make. Nobody makes what reaches beyond the scope that they were admitted to.
pub(crate) fn new_credential(call: &Call, scope: &Scope) -> Result<NewCredential, ApiError> {
    let listed = match call.body.0.get("bindings") {
        Some(Value::Array(listed)) if (1..=MOST).contains(&listed.len()) => listed.as_slice(),
        _ => {
            let reason = format!(
                "it must be a list of 1 to {MOST} objects with `role` and, if it is limited, `parent`"
            );
            return Err(ApiError::invalid("bindings", &reason));
        }
    };
    let mut bindings = Vec::new();
    for (at, said) in listed.iter().enumerate() {
        let binding = binding(at, said)?;
        if !contains(&call.service, scope, binding.parent.as_deref()) {
            let field = format!("bindings[{at}].parent");
            let reason = match &binding.parent {
                Some(parent) => format!("{parent} is not within {scope}, and nothing can be given beyond it"),
                None => format!(
                    "without it the role would hold everywhere; under {scope} name what it is limited to"
                ),
            };
            return Err(ApiError::invalid(field, &reason));
        }
        bindings.push(binding);
    }
    Ok(NewCredential {
        bindings,
        expire_time: call.body.time("expireTime")?,
        created_by: call.principal.name.clone(),
    })
}

/// Whether a text is one organization, folder or project.
fn is_one(text: &str) -> bool {
    let parent: Option<Parent> = format!("{text}/sources/-").parse().ok();
    parent.is_some_and(|parent| !parent.scope().is_everything() && parent.scope().to_string() == text)
}

fn binding(at: usize, said: &Value) -> Result<Binding, ApiError> {
    let field = |name: &str| format!("bindings[{at}].{name}");
    let Some(fields) = said.as_object() else {
        return Err(ApiError::invalid(format!("bindings[{at}]"), &"it must be an object with `role`"));
    };
    let Some(role) = fields.get("role").and_then(Value::as_str) else {
        return Err(ApiError::invalid(field("role"), &"it must be the name of a role, such as viewer"));
    };
    // an empty parent is no way to say everywhere: it is what a script writes whose variable is not set
    let parent = match fields.get("parent") {
        None => None,
        Some(Value::String(parent)) if is_one(parent) => Some(parent.clone()),
        Some(_) => {
            let reason =
                "it must be organizations/ID, folders/ID or projects/ID; leave it out to mean everywhere";
            return Err(ApiError::invalid(field("parent"), &reason));
        }
    };
    Ok(Binding { role: role.to_owned(), parent })
}

/// As an answer says them.
pub(crate) fn written_bindings(bindings: &[Binding]) -> Value {
    let written = bindings.iter().map(|binding| {
        let mut fields = Map::from_iter([("role".to_owned(), Value::from(binding.role.as_str()))]);
        if let Some(parent) = &binding.parent {
            fields.insert("parent".into(), parent.as_str().into());
        }
        Value::Object(fields)
    });
    Value::Array(written.collect())
}
