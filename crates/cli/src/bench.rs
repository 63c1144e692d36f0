//! The detectors as the API tells of them, and the bench on which they are tried.

use api::{
    AdministrationError, Answering, DetectorCondition, DetectorCost, DetectorFacts, DetectorVerdict,
    Detectors, Rehearsal,
};
use axum::body::Bytes;
use detection::{Condition, Metadata, ProbeNeed, Settings, Verdict};
use detectors::trial::{Tried, attempt};
use findings::Place;
use sensor::{Examined, Metrics, Recording, RehearsalError, rehearse, with_causes};
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};

/// How long a recording may take.
const REHEARSAL: Duration = Duration::from_secs(20);

/// Command lines that are looked at at a time: a long one may take a moment, and anybody may send many.
const ATTEMPTS: usize = 2;

/// The catalogue of this program.
pub(crate) struct Bench {
    place: Place,
    metrics: Option<Metrics>,
    attempts: Arc<Semaphore>,
}

impl Bench {
    /// Of a process with a sensor.
    pub(crate) fn beside(metrics: Metrics, place: Place) -> Self {
        Self { place, metrics: Some(metrics), attempts: Arc::new(Semaphore::new(ATTEMPTS)) }
    }

    /// Of a server: what a recording says of its node is what its findings say.
    pub(crate) fn alone() -> Self {
        Self { place: Place::local("", "", ""), metrics: None, attempts: Arc::new(Semaphore::new(ATTEMPTS)) }
    }
}

impl Detectors for Bench {
    fn catalogue(&self) -> Vec<DetectorFacts> {
        detectors::catalogue().iter().map(|detector| facts(detector.metadata())).collect()
    }

    fn costs(&self) -> Vec<DetectorCost> {
        let costs = self.metrics.iter().flat_map(Metrics::costs);
        let cost = |(module, cost): (&str, detection::Cost)| DetectorCost {
            module: module.to_owned(),
            events: cost.events,
            nanos: cost.nanos,
        };
        costs.map(cost).collect()
    }

    fn attempt(&self, command_line: String) -> Answering<'_, Vec<DetectorVerdict>> {
        Box::pin(async move {
            let failed = |reason: String| AdministrationError::Failed { reason };
            let turn = Arc::clone(&self.attempts).acquire_owned().await;
            let turn = turn.map_err(|error| failed(error.to_string()))?;
            let work = move || {
                // whoever asked may have gone, and this goes on
                let _turn = turn;
                attempt(&command_line)
            };
            let tried = tokio::task::spawn_blocking(work).await;
            let tried = tried.map_err(|error| failed(error.to_string()))?;
            let verdict =
                |Tried { module, verdict, conditions }| self::verdict(module, verdict, conditions, None);
            Ok(tried.into_iter().map(verdict).collect())
        })
    }

    fn rehearse(&self, recording: Bytes) -> Answering<'_, Rehearsal> {
        let place = self.place.clone();
        Box::pin(async move {
            let (told, outcome) = oneshot::channel();
            let work = move || {
                // whoever asked may have gone
                let _ = told.send(rehearsed(recording, place));
            };
            let failed = |reason: String| AdministrationError::Failed { reason };
            std::thread::Builder::new()
                .name("vedette-rehearsal".into())
                .spawn(work)
                .map_err(|error| failed(format!("a thread could not be started: {error}")))?;
            let outcome = outcome.await.map_err(|_| failed("the rehearsal panicked".into()))?;
            outcome.map_err(|error| AdministrationError::Invalid {
                field: "body".into(),
                reason: with_causes(&error),
            })
        })
    }
}

fn rehearsed(bytes: Bytes, place: Place) -> Result<Rehearsal, RehearsalError> {
    let recording = Recording::of(Path::new("the body"), Cursor::new(bytes))?;
    let rehearsal = rehearse(recording, place, Settings::default(), REHEARSAL)?;
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let examined = |examined: Examined| {
        let Examined { pid, command_line, module, verdict, conditions, .. } = examined;
        self::verdict(module, verdict, conditions, Some((pid, command_line)))
    };
    Ok(Rehearsal {
        records: count(rehearsal.records),
        findings: rehearsal.findings,
        findings_left_out: count(rehearsal.findings_left_out),
        verdicts: rehearsal.examined.into_iter().map(examined).collect(),
    })
}

fn verdict(
    module: &str,
    verdict: Verdict,
    conditions: Vec<Condition>,
    program: Option<(u32, String)>,
) -> DetectorVerdict {
    let condition = |Condition { text, truth, reason }| DetectorCondition {
        condition: text.to_owned(),
        state: truth.name(),
        reason,
    };
    DetectorVerdict {
        module: module.to_owned(),
        verdict: verdict.name(),
        conditions: conditions.into_iter().map(condition).collect(),
        program,
    }
}

fn facts(metadata: &Metadata) -> DetectorFacts {
    let named = metadata.techniques.iter().filter_map(|technique| technique.id());
    let techniques = named.chain(metadata.additional_technique_ids.iter().copied()).map(str::to_owned);
    let need = |need: &ProbeNeed| match need {
        ProbeNeed::Lifecycle => "programs started, processes forked and ended",
        ProbeNeed::SocketState => "connections opened, accepted and closed",
    };
    DetectorFacts {
        module: metadata.module.into(),
        category: metadata.category.into(),
        severity: metadata.severity.name(),
        on_by_default: metadata.on_by_default,
        description: metadata.prose.into(),
        tactic: metadata.tactic.name(),
        additional_tactics: metadata.additional_tactics.iter().map(|tactic| tactic.name()).collect(),
        techniques: techniques.collect(),
        evidence: metadata.evidence.iter().map(|item| (*item).to_owned()).collect(),
        needs: metadata.needs.iter().map(|one| need(one).to_owned()).collect(),
        reproduction: metadata.reproduction.into(),
    }
}
