//! What can be asked for, what each needs, and what is written to the audit log.

/// What somebody may do. Roles are sets of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Permission {
    /// Read findings, sources, configurations and settings.
    View,
    /// Write findings: state, mute, marks, external systems, and findings of other sources.
    EditFindings,
    /// Read what was kept for a finding: bytes that an attacker wrote, and arguments that may hold secrets.
    DownloadEvidence,
    /// Write rules that hide findings.
    EditMuteConfigs,
    /// Write sources, notifications, exports and settings.
    Administer,
}

/// Declares the methods with their name and what they need; `changes` ones are audited.
macro_rules! methods {
    ($( $method:ident = $name:literal, $permission:ident $(, $audited:ident)?; )*) => {
        /// What is asked for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each is named as the published interface names it")]
        pub enum ApiMethod { $( $method, )* }

        impl ApiMethod {
            /// Every method.
            pub const ALL: &'static [Self] = &[$(Self::$method),*];

            /// Name in the audit log; behind `securitycenter.` it is what `testIamPermissions` is asked for.
            pub const fn name(self) -> &'static str {
                match self { $( Self::$method => $name, )* }
            }

            /// What it needs.
            pub const fn permission(self) -> Permission {
                match self { $( Self::$method => Permission::$permission, )* }
            }

            /// Whether it is written to the audit log: every change, every evidence download, and who looked at credentials or at
            /// the log itself.
            pub const fn is_audited(self) -> bool {
                match self { $( Self::$method => methods!(@audited $($audited)?), )* }
            }
        }
    };
    (@audited audited) => { true };
    (@audited) => { false };
}

methods! {
    FindingsList = "findings.list", View;
    FindingsGroup = "findings.group", View;
    FindingsHistogram = "findings.histogram", View;
    FindingGet = "findings.get", View;
    FindingShape = "findings.shape", View;
    FindingVersionsList = "findings.listVersions", View;
    FindingCreate = "findings.create", EditFindings, audited;
    FindingUpdate = "findings.update", EditFindings, audited;
    FindingSetState = "findings.setState", EditFindings, audited;
    FindingSetMute = "findings.setMute", EditFindings, audited;
    FindingsBulkMute = "findings.bulkMuteUpdate", EditFindings, audited;
    SecurityMarksUpdate = "findingsecuritymarks.update", EditFindings, audited;
    ExternalSystemUpdate = "findingexternalsystems.update", EditFindings, audited;
    EvidenceList = "evidence.list", View;
    EvidenceDownload = "evidence.download", DownloadEvidence, audited;
    EvidenceArchive = "evidence.archive", DownloadEvidence, audited;
    SourceCreate = "sources.create", Administer, audited;
    SourceGet = "sources.get", View;
    SourcesList = "sources.list", View;
    SourceUpdate = "sources.update", Administer, audited;
    SourceGetIamPolicy = "sources.getIamPolicy", View;
    SourceTestIamPermissions = "sources.testIamPermissions", View;
    MuteConfigCreate = "muteconfigs.create", EditMuteConfigs, audited;
    MuteConfigGet = "muteconfigs.get", View;
    MuteConfigsList = "muteconfigs.list", View;
    MuteConfigUpdate = "muteconfigs.update", EditMuteConfigs, audited;
    MuteConfigDelete = "muteconfigs.delete", EditMuteConfigs, audited;
    NotificationConfigCreate = "notificationconfig.create", Administer, audited;
    NotificationConfigGet = "notificationconfig.get", View;
    NotificationConfigsList = "notificationconfig.list", View;
    NotificationConfigUpdate = "notificationconfig.update", Administer, audited;
    NotificationConfigDelete = "notificationconfig.delete", Administer, audited;
    BigQueryExportCreate = "bigQueryExports.create", Administer, audited;
    BigQueryExportGet = "bigQueryExports.get", View;
    BigQueryExportsList = "bigQueryExports.list", View;
    BigQueryExportUpdate = "bigQueryExports.update", Administer, audited;
    BigQueryExportDelete = "bigQueryExports.delete", Administer, audited;
    OperationGet = "operations.get", View;
    ServiceGet = "securitycenterservices.get", View;
    ServicesList = "securitycenterservices.list", View;
    ServiceUpdate = "securitycenterservices.update", Administer, audited;
    DetectionSettingsGet = "containerthreatdetectionsettings.get", View;
    DetectionSettingsCalculate = "containerthreatdetectionsettings.calculate", View;
    DetectionSettingsUpdate = "containerthreatdetectionsettings.update", Administer, audited;
    TokensList = "tokens.list", Administer, audited;
    TokenCreate = "tokens.create", Administer, audited;
    TokenDelete = "tokens.delete", Administer, audited;
    ServiceAccountKeysList = "serviceAccountKeys.list", Administer, audited;
    ServiceAccountKeyCreate = "serviceAccountKeys.create", Administer, audited;
    ServiceAccountKeyDelete = "serviceAccountKeys.delete", Administer, audited;
    AuditLogEntriesList = "auditLogEntries.list", Administer, audited;
    ConfigurationGet = "configuration.get", View;
    SensorsList = "sensors.list", View;
    SensorGet = "sensors.get", View;
    SensorIssueCertificate = "sensors.issueCertificate", Administer, audited;
    RevokedCertificatesList = "revokedCertificates.list", View;
    RevokedCertificateCreate = "revokedCertificates.create", Administer, audited;
    RevokedCertificateDelete = "revokedCertificates.delete", Administer, audited;
    NotificationConfigsStatus = "notificationconfig.status", View;
    NotificationConfigTest = "notificationconfig.test", Administer, audited;
    DeadLettersList = "notificationconfig.listDeadLetters", View;
    DeadLettersReplay = "notificationconfig.replayDeadLetters", Administer, audited;
    DetectorsList = "detectors.list", View;
    DetectorsTry = "detectors.try", View;
    DetectorsReplay = "detectors.replay", DownloadEvidence, audited;
    Other = "other", View;
}
