//! The finding, and the finding together with the resource it is about.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::wire::message;
use crate::{
    Access, Connection, ContactDetails, Container, ExternalSystem, File, FindingClass, Indicator, Kubernetes,
    LogEntry, MitreAttack, Mute, MuteInfo, Process, Resource, Severity, State, Timestamp,
};

message! {
    /// What Vedette concludes, in the shape of a Security Command Center v2 finding.
    Finding {
        /// Identity; see [`crate::FindingName`].
        name: String,
        /// The same under the nearest ancestor of the resource.
        canonical_name: String,
        /// Source (and location) that wrote it.
        parent: String,
        /// Display name of the source.
        parent_display_name: String,
        /// Full name of the resource it is about.
        resource_name: String,
        /// Needs attention or not; users change it, sensors do not.
        state: State,
        /// The human name of the kind of finding.
        category: String,
        /// Web page with more.
        external_uri: String,
        /// Facts by the source's own keys.
        source_properties: BTreeMap<String, Value>,
        /// Users' marks.
        security_marks: SecurityMarks,
        /// When it happened, or last happened.
        event_time: Option<Timestamp>,
        /// When it was first stored.
        create_time: Option<Timestamp>,
        /// How bad it is.
        severity: Severity,
        /// Hidden or not; users change it, sensors do not.
        mute: Mute,
        /// Why it is hidden or not.
        mute_info: MuteInfo,
        /// When `mute` last changed.
        mute_update_time: Option<Timestamp>,
        /// Who or which mute config changed `mute` last.
        mute_initiator: String,
        /// What other systems, such as ticket systems, know of it, by their names.
        external_systems: BTreeMap<String, ExternalSystem>,
        /// Whom to ask, by kind of contact.
        contacts: BTreeMap<String, ContactDetails>,
        /// Kind of finding.
        finding_class: FindingClass,
        /// Indicators of compromise.
        indicator: Indicator,
        /// ATT&CK.
        mitre_attack: MitreAttack,
        /// Accesses.
        access: Access,
        /// Network connections.
        connections: Vec<Connection>,
        /// Processes, the one that the finding is about first.
        processes: Vec<Process>,
        /// Containers.
        containers: Vec<Container>,
        /// Kubernetes objects.
        kubernetes: Kubernetes,
        /// What happened, for a reader.
        description: String,
        /// What to do next, for a reader.
        next_steps: String,
        /// Settings name of the detector.
        module_name: String,
        /// Files.
        files: Vec<File>,
        /// Log entries.
        log_entries: Vec<LogEntry>,
        /// Facts that the published model has no place for, by keys documented with the detectors. Ours.
        vedette: Map<String, Value>,
    }
}

message! {
    /// Labels that users put on a finding.
    SecurityMarks {
        /// Identity: the finding's name and `/securityMarks`.
        name: String,
        /// The marks.
        marks: BTreeMap<String, String>,
        /// Identity under the nearest ancestor.
        canonical_name: String,
    }
}

message! {
    /// A finding and the resource it is about: what a list returns and what is stored.
    FindingResource {
        /// The finding.
        finding: Finding,
        /// The resource.
        resource: Resource,
    }
}
