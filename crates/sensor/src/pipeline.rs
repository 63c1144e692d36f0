//! The sensor, top to bottom: records → decode → enrich → detect → deliver.

use crate::Recorder;
use crate::controls::Order;
use crate::lookups::Lookups;
use crate::watch::Watch;
use crossbeam_channel::Receiver;
use host::Clock;
use probes::{Lane, Probes};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Records taken from a lane before the other one gets its turn: an exec comes with a birth and an end, and the ends must
/// not run ahead of what happened before them.
const DECIDING_BATCH: usize = 256;
const BULK_BATCH: usize = 512;
const LOSSES_EVERY_NS: u64 = 250_000_000;
const HOUSEKEEPING_EVERY_NS: u64 = 1_000_000_000;

/// Reads and watches until it is told to stop; then what was read is delivered.
pub(crate) fn run(
    probes: &Probes,
    mut watch: Watch,
    mut recorder: Option<Recorder>,
    orders: &Receiver<Order>,
    stop: &AtomicBool,
) {
    let (reader, losses) = match (probes.reader(), probes.losses()) {
        (Ok(reader), Ok(losses)) => (reader, losses),
        (Err(error), _) | (_, Err(error)) => return tracing::error!("{error}"),
    };
    if let Some(lookups) = watch.lookups()
        && let Err(error) = reader.also_wait_for(lookups.wake())
    {
        return tracing::error!("the answers of the sensor's workers cannot be waited for: {error}");
    }
    if let Err(error) = host::go_first() {
        tracing::info!(
            "on a busy machine findings wait for their turn, since this thread may not go first (CAP_SYS_NICE): {error}"
        );
    }
    let (mut losses_due, mut housekeeping_due) = (0, 0);
    let mut expecting = false;
    loop {
        let stopping = stop.load(Ordering::Acquire);
        // Taken before the records are: an exec that happened while live state was read is then known before that
        // reading is, and wins over it.
        let answers: Vec<_> = watch.lookups().into_iter().flat_map(Lookups::answers).collect();
        for order in orders.try_iter() {
            watch.obey(&order);
        }
        let (mut read, mut is_more) = (0, false);
        for (lane, most) in [(Lane::Deciding, DECIDING_BATCH), (Lane::Bulk, BULK_BATCH)] {
            let taken = reader.drain(lane, most, |record| {
                if let Some(recorder) = &mut recorder
                    && let Err(error) = recorder.write(record)
                {
                    tracing::warn!("{error}");
                }
                watch.record(record, Clock::now_ns());
            });
            (read, is_more) = (read + taken, is_more || taken == most);
        }
        let now = Clock::now_ns();
        for answer in answers {
            watch.answer(answer, now);
        }
        if now >= losses_due {
            watch.losses(&losses, now);
            losses_due = now + LOSSES_EVERY_NS;
        }
        watch.tick(now);
        if now >= housekeeping_due {
            watch.housekeeping(now);
            watch.know_detached(probes.detached().collect());
            housekeeping_due = now + HOUSEKEEPING_EVERY_NS;
        }
        for key in std::mem::take(&mut watch.wishes) {
            if let Err(error) = probes.watch(key) {
                tracing::debug!("{error}");
            }
        }
        if watch.is_expecting() != expecting {
            expecting = !expecting;
            if let Err(error) = probes.expect(expecting) {
                tracing::debug!("{error}");
            }
            continue; // a connect just before did not wake anybody
        }
        // what came meanwhile can wait for company, unless its probe says otherwise
        if is_more || (stopping && read > 0) {
            continue;
        }
        if stopping {
            break;
        }
        let due = watch.next_due_ns().unwrap_or(u64::MAX).min(losses_due).min(housekeeping_due);
        reader.wait(Duration::from_nanos(due.saturating_sub(Clock::now_ns())));
    }
    watch.finish(Clock::now_ns());
    if let Some(Err(error)) = recorder.map(Recorder::finish) {
        tracing::warn!("{error}");
    }
}
