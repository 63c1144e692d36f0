//! `GET /v2/{scope}/auditLogEntries`: who did what, the newest first. Ours.

use finding::{Scope, Timestamp};
use serde_json::{Value, json};
use store::AuditRecord;

use crate::administration::{contains, organization};
use crate::call::{Answer, Call};
use crate::error::ApiError;
use crate::paging;
use crate::service::Service;

/// Entries read at once.
const BATCH: u32 = 1_000;
/// Batches looked through for one page. It may hold fewer than were asked for, and lead on.
const BATCHES: usize = 20;

/// Which entries are wanted.
struct Wanted {
    scope: Scope,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    principal: Option<String>,
    method: Option<String>,
}

impl Wanted {
    fn take(call: &mut Call, scope: Scope) -> Result<Self, ApiError> {
        let mut time = |field: &'static str| {
            let text = call.parameters.take(field);
            text.map(|text| text.parse().map_err(|e| ApiError::invalid(field, &e))).transpose()
        };
        let (from, until) = (time("startTime")?, time("endTime")?);
        let [principal, method] = ["principal", "method"].map(|field| call.parameters.take(field));
        Ok(Self { scope, from, until, principal, method })
    }

    fn admits(&self, service: &Service, record: &AuditRecord) -> bool {
        let entry = &record.entry;
        let said =
            |wanted: &Option<String>, said: &str| wanted.as_deref().is_none_or(|wanted| wanted == said);
        said(&self.principal, &entry.principal)
            && said(&self.method, &entry.method)
            && self.from.is_none_or(|from| entry.time >= from)
            && self.until.is_none_or(|until| entry.time < until)
            && contains(service, &self.scope, place(&entry.resource))
    }
}

/// What a resource is within: the first two parts of its name.
fn place(resource: &str) -> Option<&str> {
    let mut ends = resource.match_indices('/').map(|(at, _)| at);
    let _ = ends.next()?;
    resource.get(..ends.next().unwrap_or(resource.len()))
}

fn written(scope: &Scope, record: &AuditRecord) -> Value {
    let entry = &record.entry;
    json!({
        "name": format!("{scope}/auditLogEntries/{}", record.sequence),
        "time": entry.time, "principal": entry.principal, "method": entry.method, "resource": entry.resource,
        "outcome": entry.outcome, "address": entry.address, "detail": entry.detail,
    })
}

pub(crate) async fn answer(mut call: Call) -> Result<Answer, ApiError> {
    let scope = organization(&call)?;
    let size = usize::from(call.page_size()?.get());
    let prefix = format!("{scope}/auditLogEntries/");
    let after = paging::after(call.parameters.take("pageToken"), &prefix)?;
    let mut before = match after.as_deref().and_then(|name| name.strip_prefix(&prefix)) {
        Some(number) => Some(number.parse().map_err(|_| store::StoreError::PageToken)?),
        None => None,
    };
    let wanted = Wanted::take(&mut call, scope)?;
    let mut found = Vec::new();
    let mut has_more = true;
    'page: for _ in 0..BATCHES {
        let batch = call.service.audit.audit(before, BATCH).await?;
        // clocks of several servers differ a little, so one old entry alone ends nothing
        let all_too_old = batch.iter().all(|record| wanted.from.is_some_and(|from| record.entry.time < from));
        has_more = batch.len() >= BATCH as usize && !all_too_old;
        for record in batch {
            if wanted.admits(&call.service, &record) {
                if found.len() >= size {
                    has_more = true;
                    break 'page;
                }
                found.push(written(&wanted.scope, &record));
            }
            before = Some(record.sequence);
        }
        if !has_more {
            break;
        }
    }
    let mut answer = json!({ "auditLogEntries": found });
    if let Some(before) = before.filter(|_| has_more) {
        answer["nextPageToken"] = paging::token(&format!("{prefix}{before}")).into();
    }
    Ok(Answer::Json(answer))
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn a_resource_is_within_its_first_two_parts() {
        assert_eq!(place("projects/p/sources/s/findings/f"), Some("projects/p"));
        assert_eq!(place("organizations/1"), Some("organizations/1"));
        assert_eq!(place(""), None);
        assert_eq!(place("projects"), None);
    }
}
