//! Follows the findings, and keeps when each could be read first.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use serde_json::Value;

use super::http::Api;

const PATH: &str = "/v2/organizations/-/sources/-/findings";
const PAUSE: Duration = Duration::from_millis(15);

/// One finding as the API gives it.
#[derive(Debug, Clone)]
pub struct Found {
    /// The finding.
    pub finding: Value,
    /// When it was read first, nanoseconds since the epoch.
    pub first_seen_ns: i64,
}

/// A thread that reads the newest findings over and over.
#[derive(Debug)]
pub struct Watch {
    api: Option<Api>,
    seen: Arc<Mutex<BTreeMap<String, Found>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Found {
    /// Text at a JSON pointer, empty where there is none.
    pub fn text(&self, pointer: &str) -> &str {
        self.finding.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// The pod that it names.
    pub fn pod(&self) -> &str {
        self.text("/sourceProperties/Pod_Name")
    }

    /// Its container's identity.
    pub fn container(&self) -> &str {
        self.text("/vedette/container/id")
    }

    /// Milliseconds from the program's start, as the finding tells it, until it could be read.
    pub fn delay_ms(&self) -> Option<f64> {
        let at = |key: &str| {
            self.finding.pointer(&format!("/sourceProperties/Process_Creation_Timestamp/{key}"))?.as_i64()
        };
        let started = at("seconds")? * 1_000_000_000 + at("nanos")?;
        Some((self.first_seen_ns - started) as f64 / 1e6)
    }
}

impl Watch {
    pub(crate) fn start(api: Api) -> Self {
        let (seen, stop) = (Arc::<Mutex<BTreeMap<String, Found>>>::default(), Arc::<AtomicBool>::default());
        let thread = std::thread::spawn({
            let (api, seen, stop) = (api.clone(), Arc::clone(&seen), Arc::clone(&stop));
            move || {
                while !stop.load(Ordering::Relaxed) {
                    let newest = format!("{PATH}?pageSize=12&orderBy=create_time%20desc");
                    if let Ok(answer) = api.json(&newest) {
                        keep(&seen, &answer);
                    }
                    std::thread::sleep(PAUSE);
                }
            }
        });
        Self { api: Some(api), seen, stop, thread: Some(thread) }
    }

    /// Follows nothing: for a bench that runs while there is no product.
    pub fn nobody() -> Self {
        Self { api: None, seen: Arc::default(), stop: Arc::default(), thread: None }
    }

    /// What is known now about findings for which `wanted` holds.
    pub fn now(&self, wanted: impl Fn(&Found) -> bool) -> Vec<Found> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.values().filter(|found| wanted(found)).cloned().collect()
    }

    /// Everything, read anew.
    ///
    /// # Errors
    /// When the API does not answer.
    pub fn all(&self) -> Result<Vec<Found>> {
        let api = self.api.as_ref().context("nobody is followed")?;
        let mut token = String::new();
        loop {
            let answer = api.json(&format!("{PATH}?pageSize=1000&pageToken={token}"))?;
            keep(&self.seen, &answer);
            match answer.get("nextPageToken").and_then(Value::as_str).filter(|next| !next.is_empty()) {
                Some(next) => token = next.to_owned(),
                None => return Ok(self.now(|_| true)),
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn keep(seen: &Mutex<BTreeMap<String, Found>>, answer: &Value) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    let first_seen_ns = i64::try_from(now).unwrap_or(i64::MAX);
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    for item in answer.get("listFindingsResults").and_then(Value::as_array).into_iter().flatten() {
        let Some(finding) = item.get("finding") else { continue };
        let Some(name) = finding.get("name").and_then(Value::as_str) else { continue };
        let first_seen_ns = seen.get(name).map_or(first_seen_ns, |known| known.first_seen_ns);
        seen.insert(name.to_owned(), Found { finding: finding.clone(), first_seen_ns });
    }
}
