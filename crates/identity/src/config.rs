//! How access is configured; `docs/access.md` describes each key.

use std::path::PathBuf;

use serde::Deserialize;

use crate::{Binding, Role};

/// Who is known and what they may do.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AccessConfig {
    /// Names, with the port if it is not 443, under which clients reach the API: the audience of self-signed tokens.
    pub hosts: Vec<String>,
    /// Where service accounts change their signed assertion for an access token; what key files name. Without it
    /// `https://HOST/oauth2/token` with the first of `hosts`.
    pub token_uri: Option<String>,
    /// What stands behind the `@` of service accounts; `vedette.local` when there is none.
    pub service_account_domain: Option<String>,
    /// Identity providers.
    pub open_id_connect: Vec<OpenIdConnectConfig>,
    /// The API server whose tokens count.
    pub kubernetes: Option<KubernetesConfig>,
}

/// One identity provider.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenIdConnectConfig {
    /// Its address, exactly as it stands in its tokens.
    pub issuer: String,
    /// Client ids: a token must be for one of them.
    pub audiences: Vec<String>,
    /// Certificates, in PEM, that count in place of the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The claim that names the user; `sub` when there is none.
    #[serde(default)]
    pub user_claim: Option<String>,
    /// The claim that lists the user's groups; `groups` when there is none.
    #[serde(default)]
    pub groups_claim: Option<String>,
    /// Who gets which role.
    #[serde(default)]
    pub roles: Vec<RoleRule>,
}

/// The API server.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KubernetesConfig {
    /// Its address; without one, that of the cluster this runs in, or of the kubeconfig.
    #[serde(default)]
    pub server: Option<String>,
    /// The token that this server shows to a `server` named here.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// The certificates of a `server` named here.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// A token must be for one of them; `vedette` when there is none.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// Who gets which role.
    #[serde(default)]
    pub roles: Vec<RoleRule>,
    /// Service accounts of sensors, `NAMESPACE:NAME`.
    #[serde(default)]
    pub sensors: Vec<String>,
}

/// A role for a user or for a group.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoleRule {
    /// The role.
    pub role: Role,
    /// The parent it is limited to.
    #[serde(default)]
    pub parent: Option<String>,
    /// The user who gets it.
    #[serde(default)]
    pub user: Option<String>,
    /// The group whose members get it.
    #[serde(default)]
    pub group: Option<String>,
}

/// A key that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct ConfigError {
    /// The key, from the top: `openIdConnect[0].issuer`.
    pub key: String,
    /// What is wrong, and what it takes.
    pub reason: String,
}

impl ConfigError {
    pub(crate) fn new(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { key: key.into(), reason: reason.into() }
    }
}

impl AccessConfig {
    /// Finds what cannot be used before anything is asked.
    pub fn check(&self) -> Result<(), ConfigError> {
        for (index, host) in self.hosts.iter().enumerate() {
            if host.is_empty() || host.contains(['/', ' ', '@']) {
                let reason =
                    format!("{host:?} is not a host; write a name such as vedette.example.org or HOST:PORT");
                return Err(ConfigError::new(format!("hosts[{index}]"), reason));
            }
        }
        if let Some(uri) = &self.token_uri {
            address("tokenUri", uri)?;
        }
        if let Some(domain) = &self.service_account_domain
            && (domain.is_empty() || domain.contains(['@', '/', ' ', ':']))
        {
            return Err(ConfigError::new(
                "serviceAccountDomain",
                "must be a domain such as vedette.example.org",
            ));
        }
        for (index, issuer) in self.open_id_connect.iter().enumerate() {
            let key = format!("openIdConnect[{index}]");
            address(&format!("{key}.issuer"), &issuer.issuer)?;
            if self.open_id_connect[..index].iter().any(|other| other.issuer == issuer.issuer) {
                return Err(ConfigError::new(
                    format!("{key}.issuer"),
                    "is there twice; put its roles into one entry",
                ));
            }
            if issuer.audiences.is_empty() || issuer.audiences.iter().any(String::is_empty) {
                let reason = "must name the client id that the provider gave Vedette; otherwise tokens for any other \
                              program would count here";
                return Err(ConfigError::new(format!("{key}.audiences"), reason));
            }
            check_rules(&key, &issuer.roles)?;
        }
        let Some(kubernetes) = &self.kubernetes else { return Ok(()) };
        if let Some(server) = &kubernetes.server {
            address("kubernetes.server", server)?;
        } else if kubernetes.token_file.is_some() || kubernetes.ca_file.is_some() {
            let reason = "is needed with tokenFile and caFile; without all three the cluster's own are used";
            return Err(ConfigError::new("kubernetes.server", reason));
        }
        if kubernetes.audiences.iter().any(String::is_empty) {
            return Err(ConfigError::new("kubernetes.audiences", "must not hold an empty name"));
        }
        for (index, sensor) in kubernetes.sensors.iter().enumerate() {
            let parts: Vec<_> = sensor.split(':').collect();
            if parts.len() != 2 || parts.iter().any(|part| part.is_empty()) {
                let reason = format!("{sensor:?} is not NAMESPACE:NAME, such as vedette-sensor:sensor");
                return Err(ConfigError::new(format!("kubernetes.sensors[{index}]"), reason));
            }
        }
        check_rules("kubernetes", &kubernetes.roles)
    }

    /// What stands behind the `@` of service accounts.
    pub(crate) fn domain(&self) -> &str {
        self.service_account_domain.as_deref().unwrap_or("vedette.local")
    }
}

/// What somebody is given by the rules that name them or one of their groups.
pub(crate) fn bindings(rules: &[RoleRule], user: &str, groups: &[impl AsRef<str>]) -> Vec<Binding> {
    let fits = |rule: &&RoleRule| {
        rule.user.as_deref() == Some(user)
            || rule.group.as_deref().is_some_and(|group| groups.iter().any(|its| its.as_ref() == group))
    };
    rules.iter().filter(fits).map(|rule| Binding { role: rule.role, parent: rule.parent.clone() }).collect()
}

fn check_rules(key: &str, rules: &[RoleRule]) -> Result<(), ConfigError> {
    for (index, rule) in rules.iter().enumerate() {
        let key = format!("{key}.roles[{index}]");
        let names = [&rule.user, &rule.group];
        if names.iter().filter(|name| name.is_some()).count() != 1
            || names.iter().any(|name| name.as_deref() == Some(""))
        {
            return Err(ConfigError::new(key, "must name either a user or a group"));
        }
        if let Some(reason) = (Binding { role: rule.role, parent: rule.parent.clone() }).problem() {
            return Err(ConfigError::new(format!("{key}.parent"), reason));
        }
    }
    Ok(())
}

/// Addresses are those of TLS; in clear only on this machine.
pub(crate) fn address(key: &str, text: &str) -> Result<reqwest::Url, ConfigError> {
    let reason = || {
        format!(
            "{text:?} is not an address that can be trusted; write https://HOST/… (http only for 127.0.0.1, [::1], localhost)"
        )
    };
    let url = reqwest::Url::parse(text).map_err(|_| ConfigError::new(key, reason()))?;
    let local = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    if plain && url.has_host() && (url.scheme() == "https" || (url.scheme() == "http" && local)) {
        Ok(url)
    } else {
        Err(ConfigError::new(key, reason()))
    }
}
