//! A recording through the same lines as the ring buffers; nothing is looked up live.

use crate::coverage::LossLog;
use crate::open::OpenFindings;
use crate::watch::Watch;
use crate::{Delivery, Made, Metrics, Recording, RecordingError};
use crossbeam_channel::Sender;
use detection::{Engine, Settings};
use findings::Place;
use host::Clock;
use probe_abi::RecordHeader;

/// Replays a recording; returns how many records it had. Findings are those of the machine and the boot that it was made
/// on, whatever `place` says of the node.
pub fn replay(
    mut recording: Recording,
    place: Place,
    settings: Settings,
    out: Sender<Delivery>,
) -> Result<usize, RecordingError> {
    let metrics = Metrics::default();
    let Made { boot_id, boot_time_nanos, node, kernel } = recording.made().clone();
    let instance_name = if place.instance_name == place.node { &node } else { &place.instance_name };
    let place = Place { instance_name: instance_name.clone(), node, kernel, ..place };
    let clock = Clock::of_boot(boot_time_nanos);
    let open = OpenFindings::new(out, place, boot_id, metrics.clone());
    let engine = Engine::new(detectors::catalogue(), settings);
    let mut watch = Watch::new(engine, open, LossLog::default(), clock, None, metrics);
    let (mut records, mut now) = (0, 0);
    while let Some(record) = recording.next_record()? {
        if let Ok(header) = RecordHeader::read(&record) {
            now = now.max(header.time_ns);
        }
        watch.record(&record, now);
        watch.tick(now);
        records += 1;
    }
    watch.finish(now);
    Ok(records)
}
