//! Deliveries into the spool.
//!
//! deliveries → findings → spool; evidence behind them, on a thread of its own: somebody waits for the next finding while
//! the executables of this one are copied. The finding's record announces them: what a kill costs is known at the next
//! start.

use crate::{Delivery, EvidenceContent};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use finding::{FindingName, FindingResource, Timestamp};
use host::{Clock, Content};
use intake::{Spool, SpoolError};
use std::collections::VecDeque;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use store::EvidenceItem;

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
    /// Pieces of evidence that never came to the spool because their finding did not.
    pub(crate) evidence_lost: AtomicU64,
    /// Findings that wait in memory for the spool.
    pub(crate) waiting: AtomicU64,
    /// There will be no later: what the spool does not take now is lost.
    pub(crate) ends: AtomicBool,
}

type Pieces = (FindingName, Vec<EvidenceContent>);

/// What the spool has not taken yet.
struct Unkept {
    finding: FindingResource,
    /// `None`: it cannot have evidence.
    name: Option<FindingName>,
    /// Evidence that waits until the finding that lists it is kept.
    evidence: Vec<EvidenceContent>,
}

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
                        spool.not_kept(&items(&finding, std::slice::from_ref(&piece)), now(), true);
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
    /// Each finding once.
    unkept: VecDeque<Unkept>,
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
            self.give_up(self.unkept.len());
            tracing::error!("{lost} findings are lost: the spool has not taken them before the sensor ended");
        }
        self.keeping.waiting.store(0, Ordering::Relaxed);
    }

    fn take(&mut self, delivery: Delivery) {
        let Delivery { finding, mut evidence } = delivery;
        let name = &finding.finding.name;
        // what is known later replaces what was known before, but not the evidence that came with that
        if let Some(at) = self.unkept.iter().position(|unkept| unkept.finding.finding.name == *name)
            && let Some(earlier) = self.unkept.remove(at)
        {
            evidence.splice(0..0, earlier.evidence);
        }
        let name = name.parse();
        if let Err(error) = &name
            && !evidence.is_empty()
        {
            let count = evidence.len() as u64;
            self.keeping.evidence_lost.fetch_add(count, Ordering::Relaxed);
            tracing::error!("evidence is lost: a finding's name is not valid ({error})");
            evidence.clear();
        }
        self.unkept.push_back(Unkept { finding: *finding, name: name.ok(), evidence });
    }

    /// Gives the spool what it takes.
    fn keep(&mut self) {
        while !self.unkept.is_empty() {
            let (count, kept) = match (self.unkept.len().min(BATCH), self.offer(BATCH)) {
                // of several, one may be too large, or only all together are
                (2.., Err(SpoolError::TooLarge { .. })) => (1, self.offer(1)),
                (count, kept) => (count, kept),
            };
            match kept {
                Ok(_) => {
                    let kept: Vec<Unkept> = self.unkept.drain(..count).collect();
                    kept.into_iter().for_each(|kept| self.send_evidence(kept));
                    self.said.about(Ok(()), "");
                }
                Err(error @ SpoolError::TooLarge { .. }) => {
                    self.give_up(count);
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

    fn offer(&self, count: usize) -> Result<i64, SpoolError> {
        let batch = || self.unkept.iter().take(count);
        let evidence: Vec<EvidenceItem> = batch()
            .filter_map(|unkept| Some(items(unkept.name.as_ref()?, &unkept.evidence)))
            .flatten()
            .collect();
        self.spool.try_findings(batch().map(|unkept| &unkept.finding), &evidence, now())
    }

    /// The first ones that wait are lost, and what belongs to them.
    fn give_up(&mut self, count: usize) {
        let evidence: usize = self.unkept.drain(..count).map(|unkept| unkept.evidence.len()).sum();
        self.spool.lost_findings(count as u64);
        self.keeping.evidence_lost.fetch_add(evidence as u64, Ordering::Relaxed);
    }

    fn send_evidence(&self, kept: Unkept) {
        let (Some(name), false) = (kept.name, kept.evidence.is_empty()) else { return };
        if let Err(TrySendError::Full((name, evidence)) | TrySendError::Disconnected((name, evidence))) =
            self.pieces.try_send((name, kept.evidence))
        {
            self.spool.not_kept(&items(&name, &evidence), now(), false);
            tracing::error!(
                "{} pieces of evidence of {name} are lost: too much evidence waits for the disk",
                evidence.len()
            );
        }
    }
}

fn items(finding: &FindingName, pieces: &[EvidenceContent]) -> Vec<EvidenceItem> {
    let item = |piece: &EvidenceContent| {
        let sha256 = piece.item.sha256.parse().ok()?;
        Some(EvidenceItem { sha256, size: piece.item.size, meta: piece.meta(finding.clone()) })
    };
    pieces.iter().filter_map(item).collect()
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
