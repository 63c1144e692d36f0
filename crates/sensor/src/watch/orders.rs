//! What the sensor is told while it runs, and what is told of its probes.

use super::Watch;
use crate::controls::Order;

impl Watch {
    pub(crate) fn obey(&mut self, order: &Order) {
        let Order::Modules(modules) = order;
        for unknown in modules.iter().flatten().filter(|name| !is_known(name)) {
            tracing::warn!(
                "this sensor has no detector {unknown:?}, which it was told to run; it may be too old"
            );
        }
        let before: Vec<_> = self.engine.running().collect();
        self.engine.run_only(modules.as_ref());
        let running: Vec<_> = self.engine.running().collect();
        if running != before {
            tracing::info!("detectors that run from now on: {}", running.join(", "));
        }
        // what one of them would have found meanwhile may be open still
        self.live_wanted |= running.iter().any(|module| !before.contains(module));
    }

    /// Which probes are no longer attached.
    pub(crate) fn know_detached(&mut self, detached: Vec<&'static str>) {
        if detached == self.detached {
            return;
        }
        if !detached.is_empty() {
            tracing::error!(
                "the kernel no longer runs the probes {}: somebody with root on this node removed them. Attacks are \
                 missed until the sensor is started again",
                detached.join(", ")
            );
        }
        self.metrics.probes_detached.set(i64::try_from(detached.len()).unwrap_or(i64::MAX));
        self.detached = detached;
    }
}

fn is_known(module: &str) -> bool {
    detectors::catalogue().iter().any(|detector| detector.metadata().module == module)
}
