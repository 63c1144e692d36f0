//! What can be allowed.

/// Declares the permissions with the name and the words each has in `docs/access.md`.
macro_rules! permissions {
    ($( $variant:ident = $name:literal, $allows:literal; )*) => {
        /// Something that a role may allow.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Permission { $( #[doc = $allows] $variant, )* }

        impl Permission {
            /// Every permission.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name, as refusals and the audit log write it.
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )* }
            }

            /// What it allows, for a reader.
            pub const fn allows(self) -> &'static str {
                match self { $( Self::$variant => $allows, )* }
            }
        }
    };
}

permissions! {
    FindingsRead = "findings.read", "List, group and read findings; export them as a file.";
    SourcesRead = "sources.read", "List and read sources.";
    ConfigsRead = "configs.read", "List and read mute configs, notification configs, exports and settings.";
    SensorsRead = "sensors.read", "See which sensors there are and how they do.";
    FindingsSetState = "findings.setState", "Make a finding active or inactive.";
    FindingsSetMute = "findings.setMute", "Mute and unmute findings, one or many.";
    FindingsSetMarks = "findings.setMarks", "Write security marks.";
    FindingsSetExternalSystems = "findings.setExternalSystems", "Write what other systems say of a finding.";
    FindingsWrite = "findings.write", "Create and change findings.";
    MuteConfigsWrite = "muteConfigs.write", "Create, change and delete mute configs.";
    EvidenceDownload = "evidence.download", "Download evidence.";
    LiveLook = "investigation.look", "Look at a running container.";
    RecordingsReplay = "investigation.replay", "Replay a recording through the detectors.";
    ResponsesExecute = "responses.execute", "Run a response: delete, isolate, cordon.";
    SourcesWrite = "sources.write", "Create and change sources.";
    SettingsWrite = "settings.write", "Turn detectors on and off.";
    NotificationConfigsWrite = "notificationConfigs.write", "Say where findings are sent, and export continuously.";
    SensorsManage = "sensors.manage", "Let sensors join and revoke their certificates.";
    TokensManage = "tokens.manage", "Make and revoke tokens and service-account keys.";
    AuditRead = "audit.read", "Read the audit log.";
}
