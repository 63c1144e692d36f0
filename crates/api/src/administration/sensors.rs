//! How sensors do, as whoever watches them says.

use std::collections::BTreeMap;

use finding::Timestamp;
use serde_json::Value;

/// How a sensor does, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SensorState {
    /// It is heard and loses nothing.
    Ok,
    /// It is not heard any more.
    Silent,
    /// It lost something lately.
    Losing,
    /// Somebody changed it, or what it put into the kernel.
    Tampered,
}

impl SensorState {
    /// Names on the wire.
    pub const NAMES: [&str; 4] = ["OK", "SILENT", "LOSING", "TAMPERED"];

    /// Name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Silent => "SILENT",
            Self::Losing => "LOSING",
            Self::Tampered => "TAMPERED",
        }
    }
}

/// What is wrong with a sensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SensorProblem {
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub advice: String,
}

/// How a sensor does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SensorHealth {
    /// In a word.
    pub state: SensorState,
    /// What is wrong; nothing when all is well.
    pub problems: Vec<SensorProblem>,
    /// For how long its oldest finding had been waiting to be sent when it was last heard, in nanoseconds; 0 when none was.
    pub lag_ns: i64,
    /// What it lost since it started, by kind.
    pub lost: BTreeMap<String, u64>,
}

/// Watches sensors.
pub trait Sensors: Send + Sync {
    /// How a sensor does, from what is stored of it; nothing when that cannot be read.
    fn health(&self, stored: &Value, now: Timestamp) -> Option<SensorHealth>;
}
