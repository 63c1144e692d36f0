//! A recording through the same lines as the ring buffers; nothing is looked up live.

use crate::coverage::LossLog;
use crate::open::OpenFindings;
use crate::watch::Watch;
use crate::{Delivery, Metrics, Recording, RecordingError};
use crossbeam_channel::Sender;
use detection::{Engine, Settings};
use findings::Place;
use host::Clock;
use probe_abi::RecordHeader;

/// After the last record everything that waits is due.
const END_NS: u64 = 3_600_000_000_000;

/// Replays a recording; returns how many records it had.
pub fn replay(
    mut recording: Recording,
    place: Place,
    settings: Settings,
    out: Sender<Delivery>,
) -> Result<usize, RecordingError> {
    let metrics = Metrics::default();
    let open = OpenFindings::new(out, place, "replay".into(), metrics.clone());
    let engine = Engine::new(detectors::catalogue(), settings);
    let mut watch = Watch::new(engine, open, LossLog::default(), Clock::read(), None, metrics);
    let (mut records, mut now) = (0, 0);
    while let Some(record) = recording.next_record()? {
        if let Ok(header) = RecordHeader::read(&record) {
            now = now.max(header.time_ns);
        }
        watch.record(&record, now);
        watch.tick(now);
        records += 1;
    }
    watch.tick(now + END_NS);
    Ok(records)
}
