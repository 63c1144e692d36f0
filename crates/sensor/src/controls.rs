//! What may be asked of a sensor while it runs.
//!
//! `Controls → orders, waker → pipeline`: the thread that owns all state carries them out.

use crossbeam_channel::Sender;
use findings::Place;
use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};

/// Something the pipeline is to do.
pub(crate) enum Order {
    /// Detectors to run; `None`: those of the configuration.
    Modules(Option<BTreeSet<String>>),
}

/// Where the sensor is, as far as it is known by now.
#[derive(Clone)]
pub(crate) struct PlaceSlot(Arc<Mutex<Place>>);

impl PlaceSlot {
    pub(crate) fn new(place: Place) -> Self {
        Self(Arc::new(Mutex::new(place)))
    }

    pub(crate) fn set(&self, place: Place) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }

    pub(crate) fn get(&self) -> Place {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A handle on a running sensor. Clones are of the same one.
#[derive(Clone)]
pub struct Controls {
    pub(crate) orders: Sender<Order>,
    pub(crate) wake: Arc<OwnedFd>,
    pub(crate) place: PlaceSlot,
}

impl Controls {
    /// From now on these detectors run and no others; `None`: those of the sensor's own configuration. Names that this
    /// version does not know are said in the log. A sensor that has ended does nothing.
    pub fn set_modules(&self, modules: Option<BTreeSet<String>>) {
        if self.orders.send(Order::Modules(modules)).is_ok() {
            self.wake();
        }
    }

    /// Where the sensor is, as far as it is known by now.
    pub fn place(&self) -> Place {
        self.place.get()
    }

    pub(crate) fn wake(&self) {
        let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
    }
}
