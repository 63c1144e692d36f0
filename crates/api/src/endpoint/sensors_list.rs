//! `GET /v2/{scope}/sensors`: the sensors whose findings belong to a scope, as their heartbeats say. Ours.

use std::time::Duration;

use finding::{Parent, Scope, Timestamp};
use serde_json::{Value, json};
use store::{Document, DocumentKind, DocumentQuery};

use crate::administration::contains;
use crate::call::{Answer, Call};
use crate::error::ApiError;
use crate::paging;
use crate::service::Service;

/// Sensors read at once.
const BATCH: u32 = 500;
/// Batches looked through for one page. It may hold fewer than were asked for, and lead on.
const BATCHES: usize = 20;

/// Whether a sensor's findings belong to a scope.
pub(super) fn is_of(service: &Service, scope: &Scope, sensor: &Document) -> bool {
    let parent = sensor.body["parent"].as_str().and_then(|parent| parent.parse::<Parent>().ok());
    contains(service, scope, parent.map(|parent| parent.scope().to_string()).as_deref())
}

/// What is stored of it, with a name that leads to it, and how it does.
pub(super) fn written(service: &Service, scope: &Scope, sensor: &Document, now: Timestamp) -> Value {
    let mut fields = sensor.body.as_object().cloned().unwrap_or_default();
    fields.insert("name".into(), format!("{scope}/sensors/{}", sensor.name).into());
    let watching = service.administration.sensors.as_ref();
    if let Some(health) = watching.and_then(|watching| watching.health(&sensor.body, now)) {
        let problems = health.problems.iter();
        let problems = problems.map(|one| json!({"problem": one.problem, "advice": one.advice}));
        let lost = health.lost.iter().map(|(kind, lost)| (kind.clone(), Value::from(lost.to_string())));
        let lag = Duration::from_nanos(health.lag_ns.max(0).unsigned_abs()).as_secs_f64();
        fields.insert("state".into(), health.state.name().into());
        fields.insert("problems".into(), problems.collect());
        fields.insert("lagSeconds".into(), lag.into());
        fields.insert("lost".into(), Value::Object(lost.collect()));
    }
    Value::Object(fields)
}

pub(crate) async fn answer(mut call: Call) -> Result<Answer, ApiError> {
    let scope = call.target.names.scope()?;
    let size = usize::from(call.page_size()?.get());
    let prefix = format!("{scope}/sensors/");
    let after = paging::after(call.parameters.take("pageToken"), &prefix)?;
    let mut after = after.and_then(|name| name.strip_prefix(&prefix).map(str::to_owned));
    let mut found = Vec::new();
    let mut has_more = true;
    'page: for _ in 0..BATCHES {
        let query = DocumentQuery {
            kind: DocumentKind::Sensor,
            prefix: String::new(),
            after: after.clone(),
            limit: BATCH,
        };
        let batch = call.service.documents.documents(query).await?;
        has_more = batch.len() >= BATCH as usize;
        for sensor in batch {
            if is_of(&call.service, &scope, &sensor) {
                if found.len() >= size {
                    has_more = true;
                    break 'page;
                }
                found.push(written(&call.service, &scope, &sensor, call.now));
            }
            after = Some(sensor.name);
        }
        if !has_more {
            break;
        }
    }
    let mut answer = json!({ "sensors": found });
    if let Some(after) = after.filter(|_| has_more) {
        answer["nextPageToken"] = paging::token(&format!("{prefix}{after}")).into();
    }
    Ok(Answer::Json(answer))
}
