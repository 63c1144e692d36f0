//! Why a finding is hidden or not.

use crate::wire::message;
use crate::{Mute, Timestamp};

message! {
    /// What was said once wins over the rules that match now.
    MuteInfo {
        /// What a user said, or a static mute config when the finding was new.
        static_mute: StaticMute,
        /// The dynamic mute configs that match now.
        dynamic_mute_records: Vec<DynamicMuteRecord>,
    }
}

message! {
    /// What was said once.
    StaticMute {
        /// Hidden or shown.
        state: Mute,
        /// Since when.
        apply_time: Option<Timestamp>,
    }
}

message! {
    /// A dynamic mute config that matches.
    DynamicMuteRecord {
        /// Its name.
        mute_config: String,
        /// Since when.
        match_time: Option<Timestamp>,
    }
}
