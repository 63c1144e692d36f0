//! Where an output may not lead: to addresses at which clouds give their machines' credentials to whoever asks.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Metadata and wire servers of clouds that are not link-local: Alibaba's, Azure's, Oracle's former one.
const METADATA: &[Ipv4Addr] =
    &[Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(192, 0, 0, 192)];

/// Amazon's over IPv6, and Google's.
const METADATA_6: &[Ipv6Addr] =
    &[Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)];

/// Whether nothing is ever sent there.
pub(crate) fn is_denied(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_multicast()
                || v4.is_broadcast()
                || METADATA.contains(&v4)
        }
        IpAddr::V6(v6) => {
            v6.is_unicast_link_local() || v6.is_unspecified() || v6.is_multicast() || METADATA_6.contains(&v6)
        }
    }
}

fn refused(host: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::PermissionDenied,
        format!("{host} is a link-local or metadata address; outputs must not lead there"),
    )
}

/// The addresses of a host, if all of them are allowed: one that is not says enough of the whole name.
pub(crate) async fn resolved(host: &str, port: u16, link_local: bool) -> io::Result<Vec<SocketAddr>> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let addresses: Vec<_> = tokio::net::lookup_host((bare, port)).await?.collect();
    if addresses.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, format!("{host} has no address")));
    }
    if !link_local && addresses.iter().any(|address| is_denied(address.ip())) {
        return Err(refused(host));
    }
    Ok(addresses)
}

/// Resolves names for HTTP, so that what was checked is what is connected to.
pub(crate) struct Guarded {
    pub(crate) link_local: bool,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let link_local = self.link_local;
        Box::pin(async move {
            let addresses = resolved(name.as_str(), 0, link_local).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::is_denied;

    #[test]
    fn metadata_servers_are_denied_in_every_spelling() {
        for denied in [
            "169.254.169.254",
            "169.254.0.1",
            "0.0.0.0",
            "100.100.100.200",
            "168.63.129.16",
            "fe80::1",
            "::",
            "::ffff:169.254.169.254",
            "fd00:ec2::254",
            "224.0.0.1",
            "ff02::1",
        ] {
            assert!(is_denied(denied.parse().unwrap()), "{denied}");
        }
        for allowed in ["127.0.0.1", "::1", "10.0.0.1", "203.0.113.1", "fd00::1", "::ffff:10.0.0.1"] {
            assert!(!is_denied(allowed.parse().unwrap()), "{allowed}");
        }
    }
}
