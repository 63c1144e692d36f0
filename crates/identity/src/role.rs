//! Five roles, and what each allows.

use serde::{Deserialize, Serialize};

use crate::Permission;

/// A set of permissions with a name. A principal may hold several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees findings, sources, configs.
    Viewer,
    /// A viewer that also works on findings and on what mutes them.
    Editor,
    /// A viewer that also downloads evidence and looks at running containers.
    Investigator,
    /// An investigator that also runs responses.
    Responder,
    /// Everything.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: &'static [Self] =
        &[Self::Viewer, Self::Editor, Self::Investigator, Self::Responder, Self::Admin];

    /// As it is written in configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Investigator => "investigator",
            Self::Responder => "responder",
            Self::Admin => "admin",
        }
    }

    /// Whether the role allows something.
    pub const fn allows(self, permission: Permission) -> bool {
        use Permission as P;
        match permission {
            P::FindingsRead | P::SourcesRead | P::ConfigsRead | P::SensorsRead => true,
            P::FindingsSetState
            | P::FindingsSetMute
            | P::FindingsSetMarks
            | P::FindingsSetExternalSystems
            | P::FindingsWrite
            | P::MuteConfigsWrite => matches!(self, Self::Editor | Self::Admin),
            P::EvidenceDownload | P::LiveLook | P::RecordingsReplay => {
                matches!(self, Self::Investigator | Self::Responder | Self::Admin)
            }
            P::ResponsesExecute => matches!(self, Self::Responder | Self::Admin),
            P::SourcesWrite
            | P::SettingsWrite
            | P::NotificationConfigsWrite
            | P::SensorsManage
            | P::TokensManage
            | P::AuditRead => matches!(self, Self::Admin),
        }
    }
}

/// The table of `docs/access.md`, in Markdown: a permission a line, a role a column.
pub fn permissions_table() -> String {
    let mut table = String::from("| permission | allows |");
    for role in Role::ALL {
        table.push_str(&format!(" {} |", role.name()));
    }
    table.push_str("\n|---|---|");
    table.push_str(&":-:|".repeat(Role::ALL.len()));
    table.push('\n');
    for permission in Permission::ALL {
        table.push_str(&format!("| `{}` | {} |", permission.name(), permission.allows()));
        for role in Role::ALL {
            table.push_str(if role.allows(*permission) { " yes |" } else { "  |" });
        }
        table.push('\n');
    }
    table
}
