//! A recording through the same lines as the ring buffers; nothing is looked up live.

use crate::coverage::LossLog;
use crate::examinations::Examinations;
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
    let mut replayed = Replayed::begin(recording.made(), place, settings, out, None);
    while let Some(record) = recording.next_record()? {
        replayed.record(&record);
    }
    Ok(replayed.finish().0)
}

/// A recording that is being replayed.
pub(crate) struct Replayed {
    watch: Watch,
    /// The latest time that a record carried, nanoseconds since boot.
    now: u64,
    /// Records so far.
    pub(crate) records: usize,
}

impl Replayed {
    /// Nothing of it has been replayed.
    pub(crate) fn begin(
        made: &Made,
        place: Place,
        settings: Settings,
        out: Sender<Delivery>,
        examinations: Option<Examinations>,
    ) -> Self {
        let metrics = Metrics::default();
        let Made { boot_id, boot_time_nanos, node, kernel } = made.clone();
        let instance_name = if place.instance_name == place.node { &node } else { &place.instance_name };
        let place = Place { instance_name: instance_name.clone(), node, kernel, ..place };
        let clock = Clock::of_boot(boot_time_nanos);
        let open = OpenFindings::new(out, place, boot_id, metrics.clone());
        let engine = Engine::new(detectors::catalogue(), settings);
        let mut watch = Watch::new(engine, open, LossLog::default(), clock, None, metrics);
        watch.examinations = examinations;
        Self { watch, now: 0, records: 0 }
    }

    pub(crate) fn record(&mut self, record: &[u8]) {
        if let Ok(header) = RecordHeader::read(record) {
            self.now = self.now.max(header.time_ns);
        }
        self.watch.record(record, self.now);
        self.watch.tick(self.now);
        self.records += 1;
    }

    /// There is no more: how many records there were, and what was examined.
    pub(crate) fn finish(mut self) -> (usize, Option<Examinations>) {
        self.watch.finish(self.now);
        (self.records, self.watch.examinations)
    }
}
