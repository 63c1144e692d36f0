//! `GET /v2/detectors`: what can be detected, and what it costs. Ours.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use store::{DocumentKind, DocumentQuery};

use crate::administration::present;
use crate::call::{Answer, Call};
use crate::detectors::{DetectorCost, DetectorFacts};
use crate::error::ApiError;

/// Sensors read at once, and how often at most: the costs are those of the first 10,000 sensors.
const BATCH: u32 = 500;
const BATCHES: usize = 20;

/// Events and nanoseconds, by module.
type Costs = BTreeMap<String, (u64, u64)>;

fn add(costs: &mut Costs, cost: DetectorCost) {
    let (events, nanos) = costs.entry(cost.module).or_default();
    *events = events.saturating_add(cost.events);
    *nanos = nanos.saturating_add(cost.nanos);
}

/// What sensors said with their last heartbeats, and what this process has counted.
async fn costs(call: &Call, own: Vec<DetectorCost>) -> Result<Costs, ApiError> {
    let mut costs = Costs::new();
    own.into_iter().for_each(|cost| add(&mut costs, cost));
    let mut after = None;
    for _ in 0..BATCHES {
        let query = DocumentQuery { kind: DocumentKind::Sensor, prefix: String::new(), after, limit: BATCH };
        let batch = call.service.documents.documents(query).await?;
        for (module, cost) in batch.iter().filter_map(|sensor| sensor.body["detectors"].as_object()).flatten()
        {
            let number = |key: &str| cost[key].as_u64().unwrap_or_default();
            add(
                &mut costs,
                DetectorCost { module: module.clone(), events: number("events"), nanos: number("nanos") },
            );
        }
        if batch.len() < BATCH as usize {
            break;
        }
        after = batch.last().map(|sensor| sensor.name.clone());
    }
    Ok(costs)
}

fn written(facts: &DetectorFacts, costs: &Costs) -> Value {
    let cost = costs.get(&facts.module).and_then(|(events, nanos)| {
        let each = nanos.checked_div(*events)?;
        Some(json!({"events": events.to_string(), "nanosPerEvent": each}))
    });
    json!({
        "module": facts.module,
        "category": facts.category,
        "severity": facts.severity,
        "onByDefault": facts.on_by_default,
        "description": facts.description,
        "tactic": facts.tactic,
        "additionalTactics": facts.additional_tactics,
        "techniques": facts.techniques,
        "evidence": facts.evidence,
        "needs": facts.needs,
        "reproduction": facts.reproduction,
        "cost": cost,
    })
}

pub(crate) async fn answer(call: Call) -> Result<Answer, ApiError> {
    let detectors = present(&call.service.administration.detectors, "detectors")?;
    let costs = costs(&call, detectors.costs()).await?;
    let catalogue = detectors.catalogue();
    let list: Vec<Value> = catalogue.iter().map(|facts| written(facts, &costs)).collect();
    Ok(Answer::Json(json!({ "detectors": list })))
}
