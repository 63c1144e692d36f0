//! The node's network, and the pods'.

use std::path::Path;

use crate::skip::Skip;

/// Which network a pod is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Network {
    /// The node's own namespace: loopback only, shared with the other pods of this kind. Needs no CNI.
    #[default]
    Node,
    /// A namespace of the pod's own, on a bridge inside the node's namespace.
    Pod,
}

impl Network {
    /// Whether pods can be in this network here.
    ///
    /// # Errors
    /// What lacks.
    pub fn available(self) -> Result<(), Skip> {
        let here = |plugin: &&str| Path::new(PLUGINS).join(plugin).is_file();
        match self {
            Self::Pod if !["bridge", "host-local", "loopback"].iter().all(here) => Err(Skip {
                reason: format!(
                    "no CNI plugins in {PLUGINS}; install the package containernetworking-plugins"
                ),
            }),
            Self::Pod | Self::Node => Ok(()),
        }
    }
}

/// The bridge that pods with a network of their own are on; no gateway leads out of the node's namespace.
pub(crate) const BRIDGE: &str = r#"{
  "cniVersion": "0.4.0",
  "name": "e2e",
  "plugins": [
    {"type": "bridge", "bridge": "e2e0", "isGateway": true, "ipMasq": false,
     "ipam": {"type": "host-local", "dataDir": "@FOLDER@/addresses", "ranges": [[{"subnet": "10.213.0.0/24"}]],
              "routes": [{"dst": "0.0.0.0/0"}]}}
  ]
}
"#;

/// Where Debian keeps the CNI plugins.
pub(crate) const PLUGINS: &str = "/usr/lib/cni";
