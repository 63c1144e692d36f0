//! The configuration file of `vedette server`. Every key is optional but those that say where findings are kept for many servers.

mod malformed;
mod problem;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use certificates::{ServerFiles, ServerTls};
use identity::AccessConfig;
use notifications::Network;
use serde::Deserialize as _;
use serde::de::Error as _;

use crate::Retention;

/// Where the API is unless somebody says otherwise.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7979);

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// The file cannot be read.
    #[error("configuration {}: the file cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The file is no YAML, or holds a key or a value that has no place in it.
    #[error("configuration {}, {reason} (docs/server.md shows every key)", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, key and what is wrong.
        reason: String,
    },
    /// A key holds what cannot be.
    #[error("configuration {}{}: {key}: {reason}", path.display(), place(*line))]
    Key {
        /// The file.
        path: PathBuf,
        /// The key's line, as far as it has one of its own.
        line: Option<usize>,
        /// The key, from the top.
        key: String,
        /// What is wrong, and what it takes.
        reason: String,
    },
}

fn place(line: Option<usize>) -> String {
    line.map(|line| format!(", line {line}")).unwrap_or_default()
}

/// Whether a text is a URL of PostgreSQL.
pub(crate) fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// The file. An unknown key is an error that names it.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Configuration {
    /// Folder of this server: its token, its certificates, and all that is stored unless `database` is given.
    pub data: Option<PathBuf>,
    /// Address of the API.
    pub listen: SocketAddr,
    /// Names and addresses under which this server is reached, without port.
    pub hosts: Vec<String>,
    /// A certificate from elsewhere.
    pub tls: Option<Tls>,
    /// What terminates TLS in front of the API: then it is spoken in clear beyond loopback, too.
    pub behind_proxy: bool,
    /// How many proxies in front of the API append to `X-Forwarded-For` whom they were asked by. Only what they wrote counts.
    pub proxies: u8,
    /// Folder of the authority that signs certificates of servers and nodes; `DATA/authority` without.
    pub authority: Option<PathBuf>,
    /// The database of many servers.
    pub database: Option<Database>,
    /// How much evidence is kept.
    pub evidence: Evidence,
    /// Where sensors deliver.
    pub intake: Option<Intake>,
    /// Who may do what.
    pub access: AccessConfig,
    /// What outputs need.
    pub outputs: Outputs,
    /// How long things are kept.
    pub retention: Retention,
    /// The organization that every project belongs to.
    pub organization: Option<String>,
    /// Folders, nearest first, that a project belongs to: `projects/p: [folders/1]`.
    pub folders: BTreeMap<String, Vec<String>>,
}

/// PostgreSQL. One of the two.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Database {
    /// `postgres://user@host/name`; with a password it is better kept in `urlFile`.
    pub url: Option<String>,
    /// A file that holds the URL.
    pub url_file: Option<PathBuf>,
}

/// How much evidence is kept. Findings go on where evidence is not taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Evidence {
    /// What has to stay free on the disk of the folder `data`; without it a twentieth of the disk, at most 1 GiB.
    pub min_free_bytes: Option<u64>,
    /// What PostgreSQL keeps in all.
    pub max_bytes: Option<u64>,
}

/// A certificate from elsewhere.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tls {
    /// Certificate and what leads to its authority, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
}

impl Tls {
    /// Which of the two cannot be used, and why.
    fn problem(&self) -> Option<(&'static str, String)> {
        let files = ServerFiles {
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            clients: None,
            without_certificate: false,
        };
        let reason = ServerTls::open(files, &[]).err()?.to_string();
        let names = |path: &Path| reason.contains(&path.display().to_string());
        let key = match (names(&self.certificate), names(&self.key)) {
            (true, true) => "tls",
            (false, true) => "tls.key",
            _ => "tls.certificate",
        };
        Some((key, reason))
    }
}

/// Where sensors deliver.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Intake {
    /// Address of the intake.
    pub listen: SocketAddr,
    /// Trust domain of nodes' certificates.
    pub domain: String,
    /// The cluster whose Kubernetes tokens are reviewed.
    pub cluster: Option<String>,
    /// Seconds between heartbeats.
    pub heartbeat_seconds: u32,
    /// Hours that a renewed certificate of a node lives.
    pub certificate_hours: u32,
    /// What each cluster may write findings of. With it, others may not deliver.
    pub clusters: Option<BTreeMap<String, Cluster>>,
}

/// What a cluster may write findings of.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cluster {
    /// Projects, by id and by number.
    pub projects: BTreeSet<String>,
}

impl Default for Intake {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7443)),
            domain: "vedette.local".into(),
            cluster: None,
            heartbeat_seconds: 30,
            certificate_hours: 24,
            clusters: None,
        }
    }
}

/// What outputs need.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Outputs {
    /// Folder with the secrets that notification configs name, a file each: its own are the organization's, those of
    /// `projects/P` and `folders/F` in it those of one project or folder.
    pub secrets: Option<PathBuf>,
    /// Where messages for `projects/P/topics/T` are pushed.
    pub pubsub_push: Option<String>,
    /// Networks of the inside that configs below an organization may lead to.
    #[serde(deserialize_with = "networks")]
    pub allowed_networks: Vec<Network>,
    /// Certificate authorities (PEM) of outputs.
    pub authorities: Option<PathBuf>,
}

fn networks<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Network>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    texts.iter().map(|text| text.parse().map_err(D::Error::custom)).collect()
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            data: None,
            listen: LISTEN,
            hosts: Vec::new(),
            tls: None,
            behind_proxy: false,
            proxies: 0,
            authority: None,
            database: None,
            evidence: Evidence::default(),
            intake: None,
            access: AccessConfig::default(),
            outputs: Outputs::default(),
            retention: Retention::default(),
            organization: None,
            folders: BTreeMap::new(),
        }
    }
}

impl Configuration {
    /// Reads the file, if one is named.
    ///
    /// # Errors
    /// [`ConfigurationError`], naming file and key.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigurationError> {
        let Some(path) = path else { return Ok(Self::default()) };
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigurationError::Unreadable { path: path.to_owned(), source })?;
        let configuration = Self::parse(&text, path)?;
        match configuration.tls.as_ref().and_then(Tls::problem) {
            Some((key, reason)) => Err(ConfigurationError::Key {
                path: path.to_owned(),
                line: malformed::line_of(&text, key),
                key: key.into(),
                reason,
            }),
            None => Ok(configuration),
        }
    }

    fn parse(text: &str, path: &Path) -> Result<Self, ConfigurationError> {
        let configuration: Self =
            serde_saphyr::from_str(text).map_err(|error| ConfigurationError::Malformed {
                path: path.to_owned(),
                reason: malformed::malformed(text, &error),
            })?;
        match configuration.problem() {
            Some((key, reason)) => {
                let line = malformed::line_of(text, &key);
                Err(ConfigurationError::Key { path: path.to_owned(), line, key, reason })
            }
            None => Ok(configuration),
        }
    }

    /// Where nodes may write.
    pub fn tenancy(&self) -> intake::Tenancy {
        let clusters = self.intake.as_ref().and_then(|intake| intake.clusters.as_ref());
        let projects = |(name, cluster): (&String, &Cluster)| (name.clone(), cluster.projects.clone());
        intake::Tenancy {
            organization: self.organization.clone(),
            clusters: clusters.map(|clusters| clusters.iter().map(projects).collect()),
        }
    }

    /// What a project or folder belongs to, nearest first.
    pub fn ancestors(&self) -> impl Fn(&str) -> Vec<String> + Send + Sync + Clone + use<> {
        let folders = self.folders.clone();
        let organization = self.organization.as_ref().map(|id| format!("organizations/{id}"));
        move |place: &str| {
            if place.starts_with("organizations/") {
                return Vec::new();
            }
            folders.get(place).into_iter().flatten().cloned().chain(organization.clone()).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Configuration;
    use std::path::Path;

    fn parse(text: &str) -> Result<Configuration, String> {
        Configuration::parse(text, Path::new("s.yaml")).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, wanted) in [
            ("colour: red\n", "colour"),
            (
                "hosts: []\nlisten: here\n",
                ", line 2, listen: \"here\" is no address and port; listen takes an address and port, such as 0.0.0.0:8443",
            ),
            (
                "intake:\n  domain: a\n  listen: 7443 # all\n",
                ", line 3, intake.listen: \"7443\" is no address and port",
            ),
            (
                "behindProxy: perhaps\n",
                ", line 1, behindProxy: neither true nor false; behindProxy takes true or false",
            ),
            ("proxies: 300\n", ", line 1, proxies: "),
            ("hosts: a\n", ", line 1, hosts: expected a list; hosts takes a list"),
            ("organization: organizations/12\n", ", line 1: organization: \"organizations/12\" is no id"),
            ("organization: \"\"\n", "organization: \"\" is no id"),
            (
                "listen: 127.0.0.1:1\ndatabase:\n  url: mysql://u:secret@h/d\n",
                ", line 3: database.url: is no URL of",
            ),
            ("evidence: {maxBytes: 1}\n", "evidence.maxBytes: is for a database"),
            (
                "database: {url: \"postgres://a\"}\nevidence: {minFreeBytes: 1}\n",
                "evidence.minFreeBytes: is for the folder",
            ),
            ("evidence: {maxBytes: much}\n", ", line 1, evidence"),
            ("database: {}\n", "database: takes either url or urlFile"),
            ("database: {url: \"postgres://a\", urlFile: b}\n", "database: takes either"),
            ("hosts: [\"a/b\"]\n", "hosts: \"a/b\" is no host"),
            ("hosts: [\"a.example:8443\"]\n", "hosts: \"a.example:8443\" is no host"),
            ("proxies: -1\n", ", line 1, proxies: "),
            ("outputs: {pubsubPush: \"ftp://a\"}\n", ": outputs.pubsubPush: "),
            ("folders: [projects/p]\n", ", line 1, folders: "),
            ("folders: {p: [folders/1]}\n", "folders.p: is neither projects/ID"),
            (
                "folders:\n  projects/p: [organizations/1]\n",
                ", line 2: folders.projects/p: \"organizations/1\"",
            ),
            ("intake: {domain: \"a b\"}\n", "intake.domain: \"a b\" is no trust domain"),
            ("intake: {cluster: \"a/b\"}\n", "intake.cluster: \"a/b\" is no cluster"),
            (
                "access:\n  openIdConnect:\n    - issuer: https://i\n      audiences: [a]\n      roles:\n        - role: viewer\n          user: a\n        - role: boss\n",
                ", line 8, access.openIdConnect.roles.role: ",
            ),
            (
                "access:\n  openIdConnect:\n  - issuer: https://i\n    audiences: [a]\n    roles:\n    - role: boss\n",
                ", line 6, access.openIdConnect.roles.role: ",
            ),
            ("retention: {findingsDays: 0}\n", "retention.findingsDays: must be at least 1 day"),
            (
                "retention: {auditDays: 150000}\n",
                "retention.auditDays: must be at least 1 day and at most 36500",
            ),
            ("intake: {heartbeatSeconds: 0}\n", "intake.heartbeatSeconds"),
            ("access: {hosts: [\"\"]}\n", "access.hosts[0]"),
            ("access: {kubernetes: {sensors: [\"v:s\"]}}\nintake: {}\n", "intake.cluster"),
            ("intake:\n  port: 3\n", "port"),
            (
                "outputs:\n  allowedNetworks: [10.0.0.1/8]\n",
                "\"10.0.0.1/8\" is no network; write one such as",
            ),
            ("intake: {clusters: {shop: {}}}\n", "projects"),
            ("intake: {clusters: {shop: {projects: [\"a/b\"]}}}\n", "intake.clusters.shop.projects: \"a/b\""),
            ("organization: organizations/1\n", "organization: \"organizations/1\""),
        ] {
            let said = parse(text).unwrap_err();
            assert!(said.starts_with("configuration s.yaml") && said.contains(wanted), "{text:?}: {said}");
            assert!(!said.contains('\n') && !said.contains("secret"), "{said}");
        }
    }

    #[test]
    fn a_certificate_that_cannot_be_used_is_named_by_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("s.yaml");
        let (certificate, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
        let load = || {
            let (certificate, key) = (certificate.display(), key.display());
            let text = format!("listen: 127.0.0.1:1\ntls:\n  certificate: {certificate}\n  key: {key}\n");
            std::fs::write(&file, text).unwrap();
            Configuration::load(Some(&file)).map(drop).map_err(|error| error.to_string())
        };
        let said = load().unwrap_err();
        assert!(said.contains("s.yaml, line 3: tls.certificate: ") && said.contains("c.pem"), "{said}");
        let now = std::time::SystemTime::now();
        let authority = certificates::Authority::open(&folder.path().join("authority"), now).unwrap();
        let issued = authority.server(&["localhost".into()], now, certificates::DAY).unwrap();
        std::fs::write(&certificate, issued.certificate_pem).unwrap();
        std::fs::write(&key, "no key").unwrap();
        let said = load().unwrap_err();
        assert!(said.contains("s.yaml, line 4: tls.key: ") && said.contains("k.pem"), "{said}");
        std::fs::write(&key, issued.key_pem.as_bytes()).unwrap();
        assert_eq!(load(), Ok(()));
    }

    #[test]
    fn projects_are_in_their_folders_and_in_the_organization() {
        let text = "organization: \"12\"\nfolders: {projects/shop: [folders/7, folders/3]}\n";
        let ancestors = parse(text).unwrap().ancestors();
        assert_eq!(ancestors("projects/shop"), ["folders/7", "folders/3", "organizations/12"]);
        assert_eq!(ancestors("projects/other"), ["organizations/12"]);
        assert!(ancestors("organizations/12").is_empty());
    }

    #[test]
    fn networks_are_understood() {
        let outputs = parse("outputs: {allowedNetworks: [10.0.0.0/8, \"fd00::/8\"]}\n").unwrap().outputs;
        assert_eq!(outputs.allowed_networks, ["10.0.0.0/8", "fd00::/8"].map(|text| text.parse().unwrap()));
    }

    #[test]
    fn clusters_are_bound_to_their_projects() {
        let text = "organization: \"12\"\nintake: {clusters: {shop: {projects: [shop-prod, \"42\"]}}}\n";
        let tenancy = parse(text).unwrap().tenancy();
        assert!(tenancy.admits("shop").is_ok() && tenancy.admits("bank").is_err());
        assert!(parse("intake: {}\n").unwrap().tenancy().admits("bank").is_ok());
    }

    #[test]
    fn hosts_are_names_and_addresses() {
        let hosts = parse("hosts: [vedette.example.org, 192.0.2.1, \"2001:db8::1\"]\n").unwrap().hosts;
        assert_eq!(hosts.len(), 3);
    }

    #[test]
    fn nothing_has_to_be_said() {
        let configuration = parse("{}\n").unwrap();
        assert!(configuration.listen.ip().is_loopback() && configuration.intake.is_none());
        assert_eq!(configuration.retention.findings_days, 396);
    }
}
