//! The finding's own enums, numbered as v2 numbers them.

use crate::wire::wire_enum;

wire_enum! {
    /// Whether a finding still needs attention.
    State {
        Unspecified = 0 "STATE_UNSPECIFIED",
        /// Needs attention.
        Active = 1 "ACTIVE",
        /// Dealt with.
        Inactive = 2 "INACTIVE",
    }
}

wire_enum! {
    /// How bad it is.
    Severity {
        Unspecified = 0 "SEVERITY_UNSPECIFIED",
        /// Existing data or code can be read, changed or run.
        Critical = 1 "CRITICAL",
        /// New resources can be made; existing ones are out of reach.
        High = 2 "HIGH",
        /// Operation can suffer; data and code are out of reach.
        Medium = 3 "MEDIUM",
        /// A foothold without reach.
        Low = 4 "LOW",
    }
}

wire_enum! {
    /// Whether a user hid the finding. Sensors never set it. (v1 numbers `UNDEFINED` 4.)
    Mute {
        Unspecified = 0 "MUTE_UNSPECIFIED",
        /// Hidden.
        Muted = 1 "MUTED",
        /// Shown again on purpose.
        Unmuted = 2 "UNMUTED",
        /// Never hidden nor shown on purpose.
        Undefined = 3 "UNDEFINED",
    }
}

wire_enum! {
    /// What kind of finding it is; Vedette's detectors write `THREAT`.
    FindingClass {
        Unspecified = 0 "FINDING_CLASS_UNSPECIFIED",
        /// Unwanted or malicious activity.
        Threat = 1 "THREAT",
        /// A weakness in software.
        Vulnerability = 2 "VULNERABILITY",
        /// A weakness in configuration.
        Misconfiguration = 3 "MISCONFIGURATION",
        /// For information.
        Observation = 4 "OBSERVATION",
        /// Something keeps the product from working.
        SccError = 5 "SCC_ERROR",
        /// A change of the security posture.
        PostureViolation = 6 "POSTURE_VIOLATION",
        /// Issues that are worse together.
        ToxicCombination = 7 "TOXIC_COMBINATION",
        /// Sensitive data at risk.
        SensitiveDataRisk = 8 "SENSITIVE_DATA_RISK",
        /// Where many attack paths meet.
        Chokepoint = 9 "CHOKEPOINT",
    }
}
