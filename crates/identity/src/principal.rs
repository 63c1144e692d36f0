//! Somebody whom an authenticator knows, and what they were given.

use serde::{Deserialize, Serialize};

use crate::{Permission, Role};

/// A role, everywhere or within one parent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Binding {
    /// The role.
    pub role: Role,
    /// `organizations/ID`, `folders/ID` or `projects/ID`; everywhere when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
}

impl Binding {
    /// A role everywhere.
    pub const fn everywhere(role: Role) -> Self {
        Self { role, parent: None }
    }

    /// What is wrong with its parent.
    pub(crate) fn problem(&self) -> Option<String> {
        let parent = self.parent.as_deref()?;
        (parent_of(parent) != Some(parent)).then(|| {
            format!("{parent:?} is not organizations/ID, folders/ID or projects/ID; leave it out to mean everywhere")
        })
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// As the audit log writes it: `token:NAME`, `serviceAccount:EMAIL`, `user:SUBJECT`, `kubernetes:USER`.
    pub name: String,
    /// What they were given.
    pub bindings: Vec<Binding>,
}

impl Principal {
    /// Whether they may do something to what a full name says, or to the parent itself: `projects/p`,
    /// `projects/p/sources/s/findings/f`. A role within one parent says nothing of another, nor of `projects/-`.
    pub fn may(&self, permission: Permission, name: &str) -> bool {
        self.may_in_any(permission, &[name])
    }

    /// As [`Principal::may`] for something that is in several parents: its project, its folders, its organization.
    pub fn may_in_any(&self, permission: Permission, names: &[&str]) -> bool {
        self.bindings.iter().filter(|binding| binding.role.allows(permission)).any(|binding| {
            match binding.parent.as_deref() {
                None => true,
                Some(parent) => names.iter().any(|name| parent_of(name) == Some(parent)),
            }
        })
    }

    /// Whether they may do something anywhere: for what belongs to no parent, and says nothing of any.
    pub fn may_somewhere(&self, permission: Permission) -> bool {
        self.bindings.iter().any(|binding| binding.role.allows(permission))
    }

    /// Their roles, for a reader: `editor, viewer within projects/shop`; `none` without one.
    pub fn roles(&self) -> String {
        if self.bindings.is_empty() {
            return "none".to_owned();
        }
        let words = self.bindings.iter().map(|binding| match &binding.parent {
            None => binding.role.name().to_owned(),
            Some(parent) => format!("{} within {parent}", binding.role.name()),
        });
        words.collect::<Vec<_>>().join(", ")
    }
}

/// The first two parts of a name, if they are a parent that somebody can be bound to.
fn parent_of(name: &str) -> Option<&str> {
    let (collection, rest) = name.split_once('/')?;
    let id = rest.split('/').next()?;
    let fits = !id.is_empty()
        && id.len() <= 128
        && id != "-"
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
    (matches!(collection, "organizations" | "folders" | "projects") && fits)
        .then(|| &name[..collection.len() + 1 + id.len()])
}
