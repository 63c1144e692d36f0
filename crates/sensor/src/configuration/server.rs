//! The key `server`: whom findings are sent to, instead of being printed.

use super::Malformed;
use certificates::{NodeIdentity, identity_of, nothing_revoked};
use findings::Place;
use serde_saphyr::Spanned;
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

const SPOOL: &str = "/var/lib/vedette-sensor/spool";
const SPOOL_BYTES: u64 = 1 << 30;
/// A spool has at least this many bytes.
const SPOOL_BYTES_LEAST: u64 = 1 << 20;

/// As it is written. An unknown key is an error that names it.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Written {
    #[serde(default)]
    addresses: Vec<Spanned<String>>,
    server_name: Option<Spanned<String>>,
    authority: Option<Spanned<PathBuf>>,
    identity: Option<Spanned<PathBuf>>,
    token: Option<Spanned<PathBuf>>,
    spool: Option<Spanned<PathBuf>>,
    spool_bytes: Option<Spanned<u64>>,
}

/// Whom findings are sent to, and where they are kept until then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// `https://HOST:PORT`, tried in turn.
    pub(crate) addresses: Vec<String>,
    /// Name in the server's certificate, when it is not the host of the address.
    pub(crate) server_name: Option<String>,
    /// Authority of the servers, PEM.
    pub(crate) authority: PathBuf,
    /// Certificate and key of this node in one PEM file.
    pub(crate) identity: Option<PathBuf>,
    /// A token that Kubernetes keeps fresh.
    pub(crate) token: Option<PathBuf>,
    /// Folder of what waits to be sent.
    pub(crate) spool: PathBuf,
    /// How large that may grow.
    pub(crate) spool_bytes: u64,
}

impl Server {
    /// Checks what is written; `path` is for the errors.
    pub(super) fn check(written: Spanned<Written>, path: &Path) -> Result<Self, Malformed> {
        let whole = written.referenced.line();
        let wrong = |line: u64, key: &str, reason: &str| {
            let key = if key.is_empty() { "server".to_owned() } else { format!("server.{key}") };
            Malformed::at(path.to_owned(), line, &key, reason)
        };
        let file = |key: &str, file: Option<Spanned<PathBuf>>| match file {
            Some(file) if file.value.as_os_str().is_empty() => {
                Err(wrong(file.referenced.line(), key, "is empty; it takes a path"))
            }
            file => Ok(file.map(|file| file.value)),
        };
        let written = written.value;
        for address in &written.addresses {
            if !is_address(&address.value) {
                let reason =
                    format!("{:?} is no https://HOST:PORT, such as https://vedette:7443", address.value);
                return Err(wrong(address.referenced.line(), "addresses", &reason));
            }
        }
        if written.addresses.is_empty() {
            let reason = "it needs addresses, a list such as [https://vedette:7443]";
            return Err(wrong(whole, "", reason));
        }
        if let Some(name) = written.server_name.as_ref().filter(|name| !is_host(&name.value)) {
            let reason = format!("{:?} is no name of a host", name.value);
            return Err(wrong(name.referenced.line(), "serverName", &reason));
        }
        let Some(authority) = file("authority", written.authority)? else {
            let reason = "it needs authority, the file of the servers' certificate authority";
            return Err(wrong(whole, "", reason));
        };
        let (identity, token) = (file("identity", written.identity)?, file("token", written.token)?);
        if identity.is_none() && token.is_none() {
            let reason = "it needs identity, the file of this node's certificate and key, or token, the file of a \
                          Kubernetes token, or both";
            return Err(wrong(whole, "", reason));
        }
        if let Some(bytes) = written.spool_bytes.as_ref().filter(|bytes| bytes.value < SPOOL_BYTES_LEAST) {
            let reason = format!("{} is less than {SPOOL_BYTES_LEAST}", bytes.value);
            return Err(wrong(bytes.referenced.line(), "spoolBytes", &reason));
        }
        Ok(Self {
            addresses: written.addresses.into_iter().map(|address| address.value).collect(),
            server_name: written.server_name.map(|name| name.value),
            authority,
            identity,
            token,
            spool: file("spool", written.spool)?.unwrap_or_else(|| SPOOL.into()),
            spool_bytes: written.spool_bytes.map_or(SPOOL_BYTES, |bytes| bytes.value),
        })
    }

    /// Files that are named and are not there now. No error: who makes them may come later.
    pub(super) fn missing_paths(&self) -> Vec<String> {
        [("authority", Some(&self.authority)), ("token", self.token.as_ref())]
            .into_iter()
            .filter_map(|(key, path)| Some((key, path.filter(|path| !path.exists())?)))
            .map(|(key, path)| format!("server.{key}: {} does not exist now", path.display()))
            .collect()
    }
}

impl Server {
    /// What is wrong with this node's certificate, so that no finding would ever arrive: it is not there and nothing else
    /// proves who this is, or it is of another node or cluster than those that are `written`. What is not written may be
    /// learnt later.
    pub(super) fn unusable_identity(&self, (cluster, node): (Option<&str>, Option<&str>)) -> Option<String> {
        let path = self.identity.as_ref()?;
        if self.token.is_none() && !path.exists() {
            return Some(format!(
                "{} does not exist, and there is no server.token; make it at the server with \
                 `vedette sensors certificate {}/{}` and put it there",
                path.display(),
                cluster.unwrap_or("CLUSTER"),
                node.unwrap_or("NODE"),
            ));
        }
        let of = certified(path)?;
        let differs = |written: Option<&str>, of: &str| written.is_some_and(|written| written != of);
        if !differs(cluster, of.cluster()) && !differs(node, of.node()) {
            return None;
        }
        let (cluster, node) = (cluster.unwrap_or(of.cluster()), node.unwrap_or(of.node()));
        Some(format!(
            "{} is of node {} of cluster {}, but this file says node {node} of cluster {cluster}, and the server would refuse \
             each finding; set `node` and `cluster` to the certificate's, or put the certificate there that \
             `vedette sensors certificate {cluster}/{node}` makes at the server",
            path.display(),
            of.node(),
            of.cluster(),
        ))
    }

    /// What is wrong when the certificate is of another node than the findings: a server takes from a node what speaks of
    /// it. `learns`: the cluster's name may still become known.
    pub(super) fn stranger(&self, place: &Place, learns: bool) -> Option<String> {
        let path = self.identity.as_ref()?;
        let of = certified(path)?;
        let same = of.node() == place.node && (of.cluster() == place.cluster || learns);
        (!same).then(|| {
            format!(
                "server.identity: {} is of node {} of cluster {}, but findings speak of node {} of cluster {}, and the \
                 server refuses those; set `node` and `cluster` to the certificate's, or take the right certificate",
                path.display(),
                of.node(),
                of.cluster(),
                place.node,
                place.cluster
            )
        })
    }
}

/// Whose a certificate is, not whether it still counts.
fn certified(path: &Path) -> Option<NodeIdentity> {
    identity_of(path).ok()?.check(&nothing_revoked(), SystemTime::UNIX_EPOCH).ok().cloned()
}

fn is_address(text: &str) -> bool {
    let Some((host, port)) = text.strip_prefix("https://").and_then(|rest| rest.rsplit_once(':')) else {
        return false;
    };
    let host_is_one = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(host) => host.parse::<Ipv6Addr>().is_ok(),
        None => is_host(host),
    };
    host_is_one && port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port != 0)
}

fn is_host(text: &str) -> bool {
    let is_letter = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
    !text.is_empty() && text.bytes().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::super::Configuration;
    use super::Server;
    use findings::Place;
    use std::path::Path;
    use std::time::SystemTime;

    fn read(text: &str) -> Result<Option<Server>, String> {
        let read = Configuration::parse(text, Path::new("v.yaml"));
        read.map(|configuration| configuration.server).map_err(|error| crate::with_causes(&error))
    }

    #[test]
    fn what_is_not_written_is_the_default() {
        let text = "server:\n  addresses: [https://vedette:7443]\n  authority: /a.pem\n  token: /t\n";
        let server = read(text).unwrap().unwrap();
        assert_eq!((server.spool.to_str(), server.spool_bytes), (Some(super::SPOOL), 1 << 30));
        assert_eq!((server.identity, server.server_name), (None, None));
        assert_eq!(read("cluster: shop\n").unwrap(), None);
    }

    #[test]
    fn everything_may_be_written() {
        let text = "server:\n  addresses:\n  - https://192.0.2.1:7443\n  - https://[2001:db8::1]:7443\n  serverName: vedette.example\n  authority: /a.pem\n  identity: /i.pem\n  token: /t\n  spool: /spool\n  spoolBytes: 1048576\n";
        let server = read(text).unwrap().unwrap();
        assert_eq!(server.addresses, ["https://192.0.2.1:7443", "https://[2001:db8::1]:7443"]);
        assert_eq!((server.spool.to_str(), server.spool_bytes), (Some("/spool"), 1 << 20));
        assert_eq!(server.server_name.as_deref(), Some("vedette.example"));
        let missing = server.missing_paths().join("\n");
        assert!(
            missing.starts_with("server.authority: /a.pem does not exist now\nserver.token: /t "),
            "{missing}"
        );
    }

    #[test]
    fn a_certificate_of_another_node_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let authority = certificates::Authority::open(folder.path(), now).unwrap();
        let node = certificates::NodeIdentity::new("vedette.test", "shop", "n1").unwrap();
        let issued = authority.node(&node, now, certificates::DAY).unwrap();
        let identity = folder.path().join("node.pem");
        let pem = format!("{}{}", issued.certificate_pem, issued.key_pem);
        certificates::write_private(&identity, pem.as_bytes()).unwrap();
        let text = format!(
            "server:\n  addresses: [https://v:1]\n  authority: /a.pem\n  identity: {}\n",
            identity.display()
        );
        let server = read(&text).unwrap().unwrap();
        let place =
            |cluster: &str, node: &str| Place { cluster: cluster.into(), ..Place::local(node, "m", "6.1") };
        assert_eq!(server.stranger(&place("shop", "n1"), false), None);
        assert_eq!(server.stranger(&place("local", "n1"), true), None, "the cloud may name it");
        for (other, learns) in [(place("local", "n1"), false), (place("shop", "n2"), true)] {
            let said = server.stranger(&other, learns).unwrap();
            assert!(said.contains("is of node n1 of cluster shop, but findings speak of node "), "{said}");
        }
    }

    #[test]
    fn an_identity_that_no_finding_could_be_sent_with_is_refused_at_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let authority = certificates::Authority::open(folder.path(), now).unwrap();
        let node = certificates::NodeIdentity::new("vedette.test", "shop", "n1").unwrap();
        let issued = authority.node(&node, now, certificates::DAY).unwrap();
        let identity = folder.path().join("node.pem");
        let file = folder.path().join("v.yaml");
        let load = |top: &str, token: &str| {
            let server = format!(
                "{top}server:\n  addresses: [https://v:1]\n  authority: /a.pem\n  identity: {}\n{token}",
                identity.display()
            );
            std::fs::write(&file, server).unwrap();
            Configuration::load(Some(&file)).map(drop).map_err(|error| error.to_string())
        };
        let said = load("cluster: shop\nnode: n1\n", "").unwrap_err();
        assert!(
            said.contains("server.identity: ") && said.contains("`vedette sensors certificate shop/n1`"),
            "{said}"
        );
        assert!(load("", "").unwrap_err().contains("`vedette sensors certificate CLUSTER/NODE`"));
        assert_eq!(load("", "  token: /t\n"), Ok(()), "the server gives it one");
        let pem = format!("{}{}", issued.certificate_pem, issued.key_pem);
        certificates::write_private(&identity, pem.as_bytes()).unwrap();
        for right in ["", "cluster: shop\n", "cluster: shop\nnode: n1\n"] {
            assert_eq!(load(right, ""), Ok(()), "{right:?}");
        }
        for (wrong, wanted) in [
            ("cluster: till\n", "this file says node n1 of cluster till"),
            ("cluster: shop\nnode: n2\n", "this file says node n2 of cluster shop"),
        ] {
            let said = load(wrong, "").unwrap_err();
            assert!(said.contains("is of node n1 of cluster shop") && said.contains(wanted), "{said}");
            assert!(
                said.contains("set `node` and `cluster`") && said.contains("`vedette sensors certificate "),
                "{said}"
            );
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_both_keys() {
        let good = "  addresses: [https://vedette:7443]\n  authority: /a.pem\n  token: /t\n";
        for (text, wanted) in [
            ("server: yes\n", "line 1, server: "),
            ("server: {}\n", "line 1, server: it needs addresses"),
            ("server:\n  addresses: [https://v:1]\n  token: /t\n", "server: it needs authority"),
            ("server:\n  addresses: [https://v:1]\n  authority: /a\n", "server: it needs identity"),
            (
                "server:\n  addresses: https://v:7443\n",
                "line 2, server.addresses: expected a list; server.addresses takes",
            ),
            (
                "server:\n  addresses: [http://v:7443]\n",
                "line 2, server.addresses: \"http://v:7443\" is no https://",
            ),
            (
                "server:\n  addresses:\n    - https://v:7443\n    - https://v\n",
                "line 4, server.addresses: \"https://v\"",
            ),
            ("server:\n  addresses: [https://v:7443/x]\n", "line 2, server.addresses: "),
            ("server:\n  addresses: [https://v:0]\n", "line 2, server.addresses: "),
            ("server:\n  addresses: [\"https://u@v:1\"]\n", "line 2, server.addresses: "),
            ("server:\nGOOD  serverName: a b\n", "line 5, server.serverName: \"a b\""),
            ("server:\nGOOD  spoolBytes: 1GiB\n", "line 5, server.spoolBytes: no whole number"),
            ("server:\nGOOD  spoolBytes: 4096\n", "line 5, server.spoolBytes: 4096 is less than 1048576"),
            ("server:\nGOOD  spool: \"\"\n", "line 5, server.spool: is empty"),
            ("server:\nGOOD  authorty: /a\n", "line 5, server.authorty: no such key; there are addresses"),
        ] {
            let said = read(&text.replace("GOOD", good)).unwrap_err();
            assert!(said.starts_with("configuration v.yaml, ") && said.contains(wanted), "{text:?}: {said}");
        }
    }
}
