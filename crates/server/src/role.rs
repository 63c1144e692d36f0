//! From the configuration to what `serve` takes: the stores, the certificates, the names.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use api::{Hosts, Module, Token};
use certificates::{Authority, CertificateError, ServerFiles};
use notifications::Secrets;
use store::StoreError;
use store_postgres::PostgresStore;
use store_sqlite::SqliteStore;

use crate::certificate::{Nodes, OwnCertificate};
use crate::configuration::{Configuration, Database, Evidence, Intake, Outputs, is_postgres};
use crate::described::described;
use crate::intake::IntakeSettings;
use crate::serve::{Door, Settings};
use crate::{Ancestors, Stores};

/// A server cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum RoleError {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database that a key names cannot be used.
    #[error("{key}: {source}")]
    Database {
        /// The key.
        key: &'static str,
        /// What the store says, without a password.
        source: StoreError,
    },
    /// A certificate cannot be used or made.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// A file or a folder that a key names cannot be read.
    #[error("{key}: {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The key.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A file that a key names holds something else.
    #[error("{key}: {} {reason}", path.display())]
    Unusable {
        /// The key.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong, and what it takes.
        reason: &'static str,
    },
}

/// A database that is open.
pub enum Opened {
    /// In the data folder.
    Sqlite(Arc<SqliteStore>),
    /// The one of many servers.
    Postgres(Arc<PostgresStore>),
}

impl Opened {
    /// Opens what the configuration says.
    ///
    /// # Errors
    /// [`RoleError`].
    pub async fn open(
        data: &Path,
        database: Option<&Database>,
        evidence: Evidence,
    ) -> Result<Self, RoleError> {
        let Some(database) = database else {
            let store = SqliteStore::open(data).await?;
            let store = match evidence.min_free_bytes {
                Some(bytes) => store.with_evidence_floor(bytes),
                None => store,
            };
            return Ok(Self::Sqlite(Arc::new(store)));
        };
        let (key, url) = match &database.url_file {
            Some(path) => {
                let key = "database.urlFile";
                let url = read(key, path)?.trim().to_owned();
                if !is_postgres(&url) {
                    let reason = "holds no URL of PostgreSQL; write postgres://user@host/name into it";
                    return Err(RoleError::Unusable { key, path: path.clone(), reason });
                }
                (key, url)
            }
            None => ("database.url", database.url.clone().unwrap_or_default()),
        };
        let store = PostgresStore::open(&url).await.map_err(|source| RoleError::Database { key, source })?;
        let store = match evidence.max_bytes {
            Some(bytes) => store.with_evidence_quota(bytes),
            None => store,
        };
        Ok(Self::Postgres(Arc::new(store)))
    }

    /// Its doors.
    pub fn stores(&self) -> Stores {
        match self {
            Self::Sqlite(store) => Stores::of(store),
            Self::Postgres(store) => Stores::of(store),
        }
    }

    /// Closes it; what was acknowledged is in it.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }
}

/// What `serve` takes. `data` is the folder of this server, `modules` the switches of the detectors that there are.
///
/// # Errors
/// [`RoleError`], naming the file.
pub fn prepare(
    configuration: &Configuration,
    data: &Path,
    own_token: Token,
    modules: Vec<Module>,
) -> Result<Settings, RoleError> {
    let Configuration { listen, hosts, tls, behind_proxy, .. } = configuration;
    let plain = listen.ip().is_loopback() || *behind_proxy;
    let names = names(hosts, &[Some(*listen), configuration.intake.as_ref().map(|intake| intake.listen)]);
    let folder = configuration.authority.clone().unwrap_or_else(|| data.join("authority"));
    let authority = match (&configuration.intake, tls, plain) {
        (None, Some(_), _) | (None, None, true) => None,
        _ => Some(Arc::new(Authority::open(&folder, SystemTime::now())?)),
    };
    let own = match &authority {
        Some(authority) if tls.is_none() => {
            Some(Arc::new(OwnCertificate::make(Arc::clone(authority), names, data)?))
        }
        _ => None,
    };
    let files = |nodes: Nodes| match (tls, &own) {
        (Some(tls), _) => Some(ServerFiles {
            certificate: tls.certificate.clone(),
            key: tls.key.clone(),
            clients: authority
                .as_ref()
                .filter(|_| nodes != Nodes::None)
                .map(|a| a.certificate_file().to_owned()),
            without_certificate: nodes == Nodes::CertificatesOrTokens,
        }),
        (None, Some(own)) => Some(own.files(nodes)),
        (None, None) => None,
    };
    let door = match files(Nodes::None) {
        Some(files) if !plain || tls.is_some() => Door::Tls(files),
        _ => Door::Plain,
    };
    let holder = holder(*listen);
    let mut outputs = outputs(&configuration.outputs, &holder)?;
    outputs.console = console(configuration, matches!(door, Door::Tls(_)));
    let intake = configuration.intake.as_ref().and_then(|intake| {
        let tokens = intake.cluster.is_some();
        let nodes = if tokens { Nodes::CertificatesOrTokens } else { Nodes::Certificates };
        intake_settings(intake, configuration.tenancy(), files(nodes)?, authority.as_ref()?)
    });
    let mut access = configuration.access.clone();
    if access.hosts.is_empty() {
        let own = listen.ip().to_string();
        let named = hosts.iter().chain(hosts.is_empty().then_some(&own));
        let port = if listen.port() == 443 { String::new() } else { format!(":{}", listen.port()) };
        access.hosts = named.map(|host| format!("{host}{port}")).collect();
    }
    if access.token_uri.is_none() && matches!(door, Door::Plain) && !behind_proxy {
        access.token_uri = access.hosts.first().map(|host| format!("http://{host}/oauth2/token"));
    }
    let described = described(configuration, &outputs.secrets.names());
    let ancestors: Ancestors = Arc::new(configuration.ancestors());
    Ok(Settings {
        holder,
        door,
        hosts: if hosts.is_empty() { Hosts::of(*listen) } else { Hosts::Named(hosts.clone()) },
        behind_proxy: *behind_proxy,
        proxies: configuration.proxies,
        access,
        own_token: Some(own_token),
        modules,
        detectors: None,
        ancestors,
        outputs,
        retention: configuration.retention,
        intake,
        certificate: own,
        described,
        metrics: Box::new(String::new),
        ready: Box::new(|| Ok(())),
    })
}

fn intake_settings(
    intake: &Intake,
    tenancy: ::intake::Tenancy,
    files: ServerFiles,
    authority: &Arc<Authority>,
) -> Option<IntakeSettings> {
    Some(IntakeSettings {
        listen: intake.listen,
        files,
        authority: Arc::clone(authority),
        domain: intake.domain.clone(),
        cluster: intake.cluster.clone(),
        tenancy: Arc::new(tenancy),
        heartbeat_seconds: intake.heartbeat_seconds,
        certificate_life: Duration::from_secs(u64::from(intake.certificate_hours) * 3_600),
    })
}

/// Where browsers find the console; `None` where nobody has said under which name.
fn console(configuration: &Configuration, is_tls: bool) -> Option<String> {
    let listen = configuration.listen;
    let own = || (!listen.ip().is_unspecified()).then(|| listen.ip().to_string());
    let host = configuration.hosts.first().cloned().or_else(own)?;
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    // at which port a proxy listens, it alone knows: at the usual one
    Some(match (configuration.behind_proxy, is_tls) {
        (true, _) => format!("https://{host}"),
        (false, true) if listen.port() == 443 => format!("https://{host}"),
        (false, true) => format!("https://{host}:{}", listen.port()),
        (false, false) => format!("http://{host}:{}", listen.port()),
    })
}

/// Names of the certificate: those that were said, and the addresses that are listened at.
fn names(hosts: &[String], listen: &[Option<SocketAddr>]) -> Vec<String> {
    let addresses = listen.iter().flatten().map(SocketAddr::ip).filter(|ip| !ip.is_unspecified());
    let mut names = hosts.to_vec();
    names.extend(addresses.map(|ip| ip.to_string()));
    names.dedup();
    names
}

/// Host and port: no other server of the database has both, and they are the same after a restart.
fn holder(listen: SocketAddr) -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{host}:{}", listen.port())
}

/// What outputs need.
///
/// # Errors
/// [`RoleError::Unreadable`].
fn outputs(options: &Outputs, holder: &str) -> Result<notifications::Settings, RoleError> {
    let mut settings = notifications::Settings::new(holder);
    settings.pubsub_push.clone_from(&options.pubsub_push);
    settings.allowed_networks.clone_from(&options.allowed_networks);
    if let Some(path) = &options.authorities {
        settings.authorities = read("outputs.authorities", path)?;
    }
    if let Some(folder) = &options.secrets {
        settings.secrets = secrets(folder).map_err(|source| RoleError::Unreadable {
            key: "outputs.secrets",
            path: folder.clone(),
            source,
        })?;
    }
    Ok(settings)
}

fn read(key: &'static str, path: &Path) -> Result<String, RoleError> {
    std::fs::read_to_string(path).map_err(|source| RoleError::Unreadable {
        key,
        path: path.to_owned(),
        source,
    })
}

/// One file for each secret, named as configs name it: as Kubernetes mounts them. Those of the folder itself are the
/// organization's; `projects/P` and `folders/F` in it hold those of one project or folder.
fn secrets(folder: &Path) -> std::io::Result<Secrets> {
    let mut secrets = Secrets::default();
    insert(&mut secrets, "organizations/-", folder)?;
    for collection in ["projects", "folders"] {
        let collected = folder.join(collection);
        if !collected.is_dir() {
            continue;
        }
        for (id, path) in entries(&collected)?.into_iter().filter(|(_, path)| path.is_dir()) {
            insert(&mut secrets, &format!("{collection}/{id}"), &path)?;
        }
    }
    Ok(secrets)
}

fn insert(secrets: &mut Secrets, scope: &str, folder: &Path) -> std::io::Result<()> {
    for (name, path) in entries(folder)?.into_iter().filter(|(_, path)| path.is_file()) {
        let text = std::fs::read_to_string(&path)?;
        secrets.insert(scope, name, text.trim_end_matches('\n'));
    }
    Ok(())
}

/// What is in a folder, by name; without the folders that Kubernetes keeps beside what it mounts (`..data`).
fn entries(folder: &Path) -> std::io::Result<Vec<(String, PathBuf)>> {
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if let Some(name) = path.file_name().and_then(|name| name.to_str())
            && !name.starts_with("..")
        {
            entries.push((name.to_owned(), path.clone()));
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::{Opened, outputs};
    use crate::configuration::{Database, Evidence, Outputs};

    #[test]
    fn a_secret_in_a_projects_folder_is_that_projects() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("hook", "a\n");
        write("projects/shop/hook", "b\n");
        write("folders/7/hook", "c");
        write("..data/hidden", "d");
        write("projects/..data/hidden", "d");
        write("elsewhere/shop/hidden", "d");
        let options = Outputs { secrets: Some(folder.path().to_owned()), ..Outputs::default() };
        let mut wanted = notifications::Secrets::default();
        wanted.insert("organizations/1", "hook", "a");
        wanted.insert("projects/shop", "hook", "b");
        wanted.insert("folders/7", "hook", "c");
        assert!(outputs(&options, "x").unwrap().secrets == wanted);
    }

    #[tokio::test]
    async fn a_file_without_a_database_is_named_by_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("url");
        std::fs::write(&path, "mysql://u:secret@h/d\n").unwrap();
        let database = Database { url: None, url_file: Some(path.clone()) };
        let said = Opened::open(folder.path(), Some(&database), Evidence::default())
            .await
            .err()
            .unwrap()
            .to_string();
        assert!(said.starts_with(&format!("database.urlFile: {} holds no URL", path.display())), "{said}");
        assert!(!said.contains("secret"), "{said}");
    }
}
