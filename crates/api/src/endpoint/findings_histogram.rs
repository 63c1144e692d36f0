//! `POST /v2/{parent}/findings:histogram`: how many findings of each severity there are over time. Ours.

use finding::{Severity, Timestamp};
use serde_json::{Map, Value, json};
use store::{Clock, HistogramError, HistogramQuery, OrderField, TimeRange};

use crate::call::{Answer, Call, filter};
use crate::error::ApiError;

/// Spans of time unless somebody asks for another number.
const BUCKETS: i64 = 60;

fn query(call: &Call) -> Result<HistogramQuery, ApiError> {
    let body = &call.body;
    let parent = call.target.names.parent()?;
    let filter = filter("filter", &body.text("filter", usize::MAX)?)?;
    let time = |field: &'static str| -> Result<Timestamp, ApiError> {
        let missing = || ApiError::invalid(field, &"it must be a time, such as 2026-11-30T00:00:00Z");
        body.time(field)?.ok_or_else(missing)
    };
    let range = TimeRange { from: time("startTime")?, until: time("endTime")? };
    let buckets = body.integer("buckets")?.unwrap_or(BUCKETS);
    let clock = Clock::new(range, buckets).map_err(|error| match error {
        HistogramError::Order { .. } | HistogramError::Long => ApiError::invalid("endTime", &error),
        HistogramError::Buckets { .. } | HistogramError::Short => ApiError::invalid("buckets", &error),
    })?;
    let field = match body.text("field", 64)?.as_str() {
        "" | "eventTime" | "event_time" => OrderField::EventTime,
        "createTime" | "create_time" => OrderField::CreateTime,
        _ => return Err(ApiError::invalid("field", &"it must be eventTime or createTime")),
    };
    Ok(HistogramQuery { parent, filter, field, clock })
}

pub(crate) async fn answer(call: Call) -> Result<Answer, ApiError> {
    let query = query(&call)?;
    let spans = query.clock.spans();
    let histogram = call.service.findings.histogram(query).await?;
    let buckets = spans.iter().zip(&histogram.counts).map(|(span, counts)| {
        let counts = Severity::NAMES.iter().zip(counts);
        let counts: Map<String, Value> =
            counts.map(|(name, count)| ((*name).to_owned(), count.to_string().into())).collect();
        json!({"startTime": span.from.to_string(), "endTime": span.until.to_string(), "counts": counts})
    });
    Ok(Answer::Json(json!({"buckets": buckets.collect::<Vec<_>>(), "complete": histogram.complete})))
}
