//! Who a node is: `spiffe://DOMAIN/cluster/C/node/N`.

use std::fmt;
use std::str::FromStr;

/// Longest part of an identity. A Kubernetes node's name has at most 253 characters.
const LONGEST: usize = 253;

/// A node of a cluster. Each part is 1 to 253 letters, digits, `-`, `_`, `.` or `:`, so that it cannot change the meaning of a
/// path or a URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeIdentity {
    domain: String,
    cluster: String,
    node: String,
}

/// Not a node's identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a node's identity; write spiffe://DOMAIN/cluster/CLUSTER/node/NODE, each part of 1 to 253 letters, \
     digits, '-', '_', '.' or ':'"
)]
pub struct NotAnIdentity {
    /// What was written.
    pub text: String,
}

fn is_part(text: &str) -> bool {
    let known = |b: u8| b.is_ascii_alphanumeric() || b"-_.:".contains(&b);
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(known) && !text.bytes().all(|b| b == b'.')
}

impl NodeIdentity {
    /// From its parts.
    ///
    /// # Errors
    /// [`NotAnIdentity`] when a part holds what a part cannot hold.
    pub fn new(domain: &str, cluster: &str, node: &str) -> Result<Self, NotAnIdentity> {
        if [domain, cluster, node].into_iter().all(is_part) {
            Ok(Self { domain: domain.into(), cluster: cluster.into(), node: node.into() })
        } else {
            Err(NotAnIdentity { text: format!("spiffe://{domain}/cluster/{cluster}/node/{node}") })
        }
    }

    /// The trust domain.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The cluster.
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// The node.
    pub fn node(&self) -> &str {
        &self.node
    }
}

impl fmt::Display for NodeIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "spiffe://{}/cluster/{}/node/{}", self.domain, self.cluster, self.node)
    }
}

impl FromStr for NodeIdentity {
    type Err = NotAnIdentity;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NotAnIdentity { text: text.chars().take(1024).collect() };
        let parts: Vec<&str> = text.strip_prefix("spiffe://").ok_or_else(wrong)?.split('/').collect();
        match parts[..] {
            [domain, "cluster", cluster, "node", node] => {
                Self::new(domain, cluster, node).map_err(|_| wrong())
            }
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::NodeIdentity;

    #[test]
    fn an_identity_leads_back_from_its_text() {
        let text = "spiffe://vedette.local/cluster/prod-1/node/ip-10-0-0-1.eu.internal";
        let identity: NodeIdentity = text.parse().unwrap();
        assert_eq!(identity.to_string(), text);
        assert_eq!((identity.cluster(), identity.node()), ("prod-1", "ip-10-0-0-1.eu.internal"));
    }

    #[test]
    fn what_could_change_the_meaning_of_a_path_is_refused() {
        for text in [
            "",
            "spiffe://d/cluster/c/node/",
            "spiffe://d/cluster/../node/n",
            "spiffe://d/cluster/c/node/n/x",
            "spiffe://d/cluster/c%2f/node/n",
            "https://d/cluster/c/node/n",
            "spiffe://d/cluster/c/node/n\n",
        ] {
            assert!(text.parse::<NodeIdentity>().is_err(), "{text:?}");
        }
        assert!(NodeIdentity::new("d", "c", &"n".repeat(254)).is_err());
    }
}
