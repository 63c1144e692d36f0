//! Secrets of the server's operator, and which configs may use them.

use std::collections::BTreeMap;

/// What stands for every scope that is an organization.
const ORGANIZATION: &str = "organizations";

/// `projects/P` or `folders/F` of a config or of anything else below it; every organization is one and the same.
fn scope_of(name: &str) -> &str {
    let mut slashes = name.match_indices('/').map(|(at, _)| at);
    match (name.split('/').next(), slashes.nth(1)) {
        (Some(ORGANIZATION), _) => ORGANIZATION,
        (_, Some(end)) => &name[..end],
        (_, None) => name,
    }
}

/// Whether a config sees what is of the whole organization. Whoever may write such a config has the operator's trust.
pub(crate) fn is_of_organization(config: &str) -> bool {
    scope_of(config) == ORGANIZATION
}

/// Secrets by scope and name. A config may use those of its own scope only: a name from another one is not there for it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(BTreeMap<(String, String), String>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Secrets {
    /// One more, for configs of `organizations/O` (whichever it is), `folders/F` or `projects/P`.
    pub fn insert(&mut self, scope: &str, name: impl Into<String>, secret: impl Into<String>) {
        self.0.insert((scope_of(scope).to_owned(), name.into()), secret.into());
    }

    /// What the secrets are called, each name once.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.0.keys().map(|(_, name)| name.clone()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The one that a config names.
    pub(crate) fn of(&self, config: &str, name: &str) -> Option<&str> {
        self.0.get(&(scope_of(config).to_owned(), name.to_owned())).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::Secrets;

    #[test]
    fn a_config_has_the_secrets_of_its_own_scope_only() {
        let mut secrets = Secrets::default();
        secrets.insert("organizations/-", "a", "of all");
        secrets.insert("projects/shop", "b", "of shop");
        let config = |scope: &str| format!("{scope}/locations/global/notificationConfigs/n");
        for (scope, a, b) in [
            ("organizations/1", Some("of all"), None),
            ("organizations/-", Some("of all"), None),
            ("projects/shop", None, Some("of shop")),
            ("projects/shop2", None, None),
            ("folders/shop", None, None),
            ("projects/organizations", None, None),
        ] {
            let config = config(scope);
            assert_eq!((secrets.of(&config, "a"), secrets.of(&config, "b")), (a, b), "{scope}");
        }
        assert!(!format!("{secrets:?}").contains("of shop"));
    }
}
