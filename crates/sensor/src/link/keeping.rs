//! Deliveries into the spool.
//!
//! deliveries → findings → spool; evidence behind them, on a thread of its own: somebody waits for the next finding while
//! the executables of this one are copied.

use crate::{Delivery, EvidenceContent};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use finding::{FindingName, FindingResource, Timestamp};
use host::{Clock, Content};
use intake::{Spool, SpoolError};
use std::collections::VecDeque;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Findings that are kept in memory while the spool does not take them. With more, deliveries wait where they come from,
/// and the sensor gives up those of whoever floods it.
const UNKEPT_MAX: usize = 256;
/// Findings that wait for the disk together.
const BATCH: usize = 64;
/// A spool that took nothing is asked again after this long.
const RETRY: Duration = Duration::from_secs(1);
/// Deliveries whose evidence waits to be kept.
const EVIDENCE_QUEUE: usize = 256;

/// What happens to deliveries on their way into the spool; the spool itself counts what it refuses.
#[derive(Debug, Default)]
pub(crate) struct Keeping {
    /// Pieces of evidence that were kept.
    pub(crate) evidence: AtomicU64,
    /// Pieces of evidence that never came to the spool because their finding's name is not valid.
    pub(crate) evidence_lost: AtomicU64,
    /// Findings that wait in memory for the spool.
    pub(crate) waiting: AtomicU64,
    /// There will be no later: what the spool does not take now is lost.
    pub(crate) ends: AtomicBool,
}

type Pieces = (FindingName, Vec<EvidenceContent>);

/// Keeps deliveries until the sensor is gone. Blocks for the disk.
pub(crate) fn run(deliveries: &Receiver<Delivery>, spool: &Spool, keeping: &Keeping) {
    let (pieces, waiting) = bounded::<Pieces>(EVIDENCE_QUEUE);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut said = Said::default();
            for (finding, evidence) in waiting {
                for piece in evidence {
                    let kept = keep_evidence(spool, &finding, &piece);
                    if kept.is_err() {
                        note(spool, &finding, std::slice::from_ref(&piece), true);
                    }
                    keeping.evidence.fetch_add(u64::from(kept.is_ok()), Ordering::Relaxed);
                    said.about(kept, "evidence is lost");
                }
            }
        });
        Keeper { spool, keeping, pieces, unkept: VecDeque::new(), said: Said::default() }.run(deliveries);
    });
}

struct Keeper<'a> {
    spool: &'a Spool,
    keeping: &'a Keeping,
    pieces: Sender<Pieces>,
    /// What the spool has not taken yet, each finding once.
    unkept: VecDeque<FindingResource>,
    said: Said,
}

impl Keeper<'_> {
    fn run(mut self, deliveries: &Receiver<Delivery>) {
        loop {
            let next = match self.unkept.len() {
                0 => deliveries.recv().map_err(|_| RecvTimeoutError::Disconnected),
                1..UNKEPT_MAX => deliveries.recv_timeout(RETRY),
                _ if self.keeping.ends.load(Ordering::Acquire) => deliveries.recv_timeout(RETRY),
                _ => {
                    std::thread::sleep(RETRY);
                    Err(RecvTimeoutError::Timeout)
                }
            };
            match next {
                Ok(delivery) => {
                    self.take(delivery);
                    for delivery in deliveries.try_iter().take(BATCH) {
                        self.take(delivery);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.keep();
        }
        let lost = self.unkept.len() as u64;
        if lost > 0 {
            self.spool.lost_findings(lost);
            tracing::error!("{lost} findings are lost: the spool has not taken them before the sensor ended");
        }
        self.keeping.waiting.store(0, Ordering::Relaxed);
    }

    fn take(&mut self, delivery: Delivery) {
        let Delivery { finding, evidence } = delivery;
        let name = finding.finding.name.clone();
        // what is known later replaces what was known before
        self.unkept.retain(|unkept| unkept.finding.name != name);
        self.unkept.push_back(*finding);
        if evidence.is_empty() {
            return;
        }
        let count = evidence.len() as u64;
        let name = match name.parse() {
            Ok(name) => name,
            Err(error) => {
                self.keeping.evidence_lost.fetch_add(count, Ordering::Relaxed);
                return tracing::error!("evidence is lost: a finding's name is not valid ({error})");
            }
        };
        if let Err(TrySendError::Full((name, evidence)) | TrySendError::Disconnected((name, evidence))) =
            self.pieces.try_send((name, evidence))
        {
            note(self.spool, &name, &evidence, false);
            tracing::error!(
                "{count} pieces of evidence of {name} are lost: too much evidence waits for the disk"
            );
        }
    }

    /// Gives the spool what it takes.
    fn keep(&mut self) {
        while !self.unkept.is_empty() {
            let count = self.unkept.len().min(BATCH);
            let batch = self.unkept.make_contiguous().get(..count).unwrap_or_default();
            let kept = self.spool.try_findings(batch, now());
            let (count, kept) = match kept {
                // of several, one may be too large, or only all together are
                Err(SpoolError::TooLarge { .. }) if count > 1 => {
                    let first = batch.get(..1).unwrap_or_default();
                    (1, self.spool.try_findings(first, now()))
                }
                kept => (count, kept),
            };
            match kept {
                Ok(_) => {
                    self.unkept.drain(..count);
                    self.said.about(Ok(()), "");
                }
                Err(error @ SpoolError::TooLarge { .. }) => {
                    self.unkept.drain(..count);
                    self.spool.lost_findings(count as u64);
                    self.said.about(Err(error), "a finding is lost");
                }
                Err(error) => {
                    self.said.about(Err(error), "findings are kept in memory and offered again");
                    break;
                }
            }
        }
        self.keeping.waiting.store(self.unkept.len() as u64, Ordering::Relaxed);
    }
}

/// Evidence that the spool does not have: its finding will say so.
fn note(spool: &Spool, finding: &FindingName, pieces: &[EvidenceContent], is_counted: bool) {
    let noted: Vec<_> = pieces
        .iter()
        .filter_map(|piece| {
            Some((piece.meta(finding.clone()), piece.item.sha256.parse().ok()?, piece.item.size))
        })
        .collect();
    spool.not_kept(&noted, now(), is_counted);
}

fn keep_evidence(spool: &Spool, finding: &FindingName, piece: &EvidenceContent) -> Result<(), SpoolError> {
    let meta = piece.meta(finding.clone());
    let kept = match &piece.content {
        Content::Bytes(bytes) => spool.put_evidence(bytes, &meta, now())?,
        Content::File(file) => spool.put_evidence_file(file, piece.item.size, &meta, now())?,
    };
    let item = &piece.item;
    if kept.to_string() != item.sha256 {
        tracing::warn!("evidence {} changed after it was taken: {} is now {kept}", item.name, item.sha256);
    }
    Ok(())
}

/// Says what is wrong once, and that it is over: how much is lost is said by those who count it.
#[derive(Default)]
struct Said(Option<(&'static str, Option<ErrorKind>)>);

impl Said {
    fn about(&mut self, outcome: Result<(), SpoolError>, consequence: &'static str) {
        match outcome {
            Ok(()) => {
                if let Some((_, Some(_))) = self.0.take() {
                    tracing::info!("the spool takes findings and evidence again");
                }
            }
            Err(error) => {
                let kind = match &error {
                    SpoolError::Io { source, .. } => Some(source.kind()),
                    _ => None,
                };
                if self.0.replace((consequence, kind)) != Some((consequence, kind)) {
                    tracing::error!("{consequence}: {error}");
                }
            }
        }
    }
}

fn now() -> Timestamp {
    Timestamp::from_nanos(Clock::read().wall_ns(Clock::now_ns()))
}

#[cfg(test)]
mod tests;
