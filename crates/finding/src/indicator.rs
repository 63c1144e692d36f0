//! Indicators of compromise.

use crate::wire::{message, wire_enum};

message! {
    /// What points to an intrusion.
    Indicator {
        /// Addresses.
        ip_addresses: Vec<String>,
        /// Domain names.
        domains: Vec<String>,
        /// Signatures that matched.
        signatures: Vec<Signature>,
        /// URIs.
        uris: Vec<String>,
    }
}

message! {
    /// A signature that matched a process or a file.
    Signature {
        /// A YARA rule.
        yara_rule_signature: YaraRuleSignature,
        /// What it matched.
        signature_type: SignatureType,
    }
}

message! {
    /// A YARA rule that matched.
    YaraRuleSignature {
        /// Name of the rule.
        yara_rule: String,
    }
}

wire_enum! {
    /// What a signature matches.
    SignatureType {
        Unspecified = 0 "SIGNATURE_TYPE_UNSPECIFIED",
        /// A process.
        Process = 1 "SIGNATURE_TYPE_PROCESS",
        /// A file.
        File = 2 "SIGNATURE_TYPE_FILE",
    }
}
