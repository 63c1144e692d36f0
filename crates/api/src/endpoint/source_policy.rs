//! `POST …:getIamPolicy` and `POST …:testIamPermissions` of a source. Who may do what is decided by roles of the whole
//! server, so a source's own policy is empty and cannot be set.

use serde_json::json;

use crate::call::{Answer, Call};
use crate::endpoint::source_get;
use crate::error::ApiError;
use crate::method::ApiMethod;

/// Permissions that one request asks for.
const PERMISSIONS_MAX: usize = 100;

pub(crate) async fn answer(call: Call) -> Result<Answer, ApiError> {
    source_get::found(&call).await?;
    Ok(Answer::Json(json!({"version": 1, "etag": "ACAB", "bindings": []})))
}

/// Which of the permissions whoever asks has.
pub(crate) async fn test(call: Call) -> Result<Answer, ApiError> {
    source_get::found(&call).await?;
    let wrong =
        || ApiError::invalid("permissions", &format!("it must be a list of at most {PERMISSIONS_MAX} texts"));
    let asked = match call.body.0.get("permissions") {
        None => Vec::new(),
        Some(list) => {
            let list = list.as_array().filter(|list| list.len() <= PERMISSIONS_MAX).ok_or_else(wrong)?;
            list.iter().map(|text| text.as_str().ok_or_else(wrong)).collect::<Result<Vec<_>, _>>()?
        }
    };
    let mut held = Vec::new();
    for permission in asked {
        let name = permission.strip_prefix("securitycenter.").unwrap_or_default();
        if let Some(method) = ApiMethod::ALL.iter().find(|method| method.name() == name)
            && call.may(*method).await
        {
            held.push(permission);
        }
    }
    Ok(Answer::Json(json!({"permissions": held})))
}
