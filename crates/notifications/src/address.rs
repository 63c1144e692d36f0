//! Where an output may not lead: to addresses at which clouds give their machines' credentials to whoever asks, and, for a
//! config below an organization, to this machine and the networks around it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::Settings;
use crate::network::Network;
use crate::secrets::is_of_organization;

/// Metadata and wire servers of clouds that are not link-local: Alibaba's, Azure's.
const METADATA: &[Ipv4Addr] = &[Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(168, 63, 129, 16)];

/// Amazon's over IPv6, and Google's.
const METADATA_6: &[Ipv6Addr] =
    &[Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)];

/// What an address leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Outside,
    /// This machine and networks that the Internet does not reach.
    Inside,
    /// Nothing is ever sent there.
    Denied,
}

fn place_4(v4: Ipv4Addr) -> Place {
    match v4.octets() {
        // "this network", and what the IETF keeps for protocols: Oracle's former metadata server is there
        [0, ..] | [192, 0, 0, _] => Place::Denied,
        _ if v4.is_link_local() || v4.is_multicast() || v4.is_broadcast() || METADATA.contains(&v4) => {
            Place::Denied
        }
        // shared by a provider's customers, for benchmarks, not assigned
        [100, 64..=127, ..] | [198, 18..=19, ..] | [240..=255, ..] => Place::Inside,
        _ if v4.is_loopback() || v4.is_private() => Place::Inside,
        _ => Place::Outside,
    }
}

fn place_6(v6: Ipv6Addr) -> Place {
    let [first, ..] = v6.segments();
    if v6.is_unicast_link_local() || v6.is_unspecified() || v6.is_multicast() || METADATA_6.contains(&v6) {
        Place::Denied
    } else if v6.is_loopback() || v6.is_unique_local() || first & 0xffc0 == 0xfec0 {
        Place::Inside
    } else {
        Place::Outside
    }
}

const fn v4(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}

/// The IPv4 addresses that translators and tunnels make of an IPv6 address.
fn embedded(v6: Ipv6Addr) -> Vec<Ipv4Addr> {
    let last = |s: [u16; 8]| v4(s[6], s[7]);
    match v6.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => Vec::new(),
        // compatible, mapped, translated (RFC 4291, RFC 2765), the well-known prefix of NAT64 (RFC 6052)
        s @ ([0, 0, 0, 0, 0, 0 | 0xffff, ..]
        | [0, 0, 0, 0, 0xffff, 0, ..]
        | [0x64, 0xff9b, 0, 0, 0, 0, ..]) => {
            vec![last(s)]
        }
        // NAT64 within a site (RFC 8215): which of the lengths of RFC 6052 it is cannot be seen
        s @ [0x64, 0xff9b, 1, a, b, c, d, _] => {
            let [[_, b_low], [c_high, c_low], [d_high, _]] = [b, c, d].map(u16::to_be_bytes);
            let ([a_high, a_low], join) = (a.to_be_bytes(), |x, y| u16::from_be_bytes([x, y]));
            vec![
                last(s),
                v4(join(a_high, a_low), join(b_low, c_high)),
                v4(join(a_low, b_low), join(c_high, c_low)),
                v4(join(b_low, c_high), join(c_low, d_high)),
            ]
        }
        // 6to4
        [0x2002, a, b, ..] => vec![v4(a, b)],
        // Teredo: its server, and the client with every bit turned
        [0x2001, 0, a, b, _, _, c, d] => vec![v4(a, b), v4(!c, !d)],
        // ISATAP
        s @ [_, _, _, _, 0 | 0x200, 0x5efe, ..] => vec![last(s)],
        _ => Vec::new(),
    }
}

/// An address and what is in it.
fn meant(address: IpAddr) -> Vec<IpAddr> {
    let address = address.to_canonical();
    let inner = match address {
        IpAddr::V4(_) => Vec::new(),
        IpAddr::V6(v6) => embedded(v6),
    };
    [address].into_iter().chain(inner.into_iter().map(IpAddr::V4)).collect()
}

fn place(address: IpAddr) -> Place {
    match address {
        IpAddr::V4(v4) => place_4(v4),
        IpAddr::V6(v6) => place_6(v6),
    }
}

/// Where a config may lead.
#[derive(Debug, Clone)]
pub(crate) struct Reach {
    /// To link-local and metadata addresses, too.
    link_local: bool,
    /// Networks of the inside; `None` are all.
    inside: Option<Arc<[Network]>>,
}

impl Reach {
    /// What the operator, or whom the operator trusts with the whole organization, names.
    pub(crate) const fn operators(settings: &Settings) -> Self {
        Self { link_local: settings.link_local, inside: None }
    }

    /// What a config of a project or folder names.
    pub(crate) fn below(settings: &Settings) -> Self {
        Self { link_local: settings.link_local, inside: Some(settings.allowed_networks.as_slice().into()) }
    }

    /// What this config names.
    pub(crate) fn of(config: &str, settings: &Settings) -> Self {
        if is_of_organization(config) { Self::operators(settings) } else { Self::below(settings) }
    }

    /// Why nothing may be sent to the address.
    pub(crate) fn refusal(&self, host: &str, address: IpAddr) -> Option<String> {
        let is_allowed = |one: IpAddr| {
            self.inside.as_ref().is_none_or(|networks| networks.iter().any(|network| network.contains(one)))
        };
        for one in meant(address) {
            match place(one) {
                Place::Denied if !self.link_local => {
                    return Some(format!(
                        "{host} is a link-local or metadata address; outputs must not lead there"
                    ));
                }
                Place::Inside if !is_allowed(one) => {
                    return Some(format!(
                        "{host} is in this machine or in a private network; configs below an organization lead there only if the server's operator allows it (outputs.allowedNetworks)"
                    ));
                }
                _ => {}
            }
        }
        None
    }

    /// The same of a host that is an address.
    pub(crate) fn refusal_of_literal(&self, host: &str) -> Option<String> {
        // the forms that a resolver takes for an address, such as 127.1 and 0x7f000001, are those that a URL of the web has
        let url = Url::parse(&format!("http://{host}/")).ok()?;
        let bare = url.host_str()?.trim_start_matches('[').trim_end_matches(']');
        bare.parse().ok().and_then(|address| self.refusal(host, address))
    }

    /// The addresses of a host, if all of them are allowed: one that is not says enough of the whole name.
    pub(crate) async fn resolved(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let addresses: Vec<_> = tokio::net::lookup_host((bare, port)).await?.collect();
        if addresses.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("{host} has no address")));
        }
        match addresses.iter().find_map(|address| self.refusal(host, address.ip())) {
            Some(reason) => Err(io::Error::new(io::ErrorKind::PermissionDenied, reason)),
            None => Ok(addresses),
        }
    }
}

/// Resolves names for HTTP, so that what was checked is what is connected to.
pub(crate) struct Guarded(pub(crate) Reach);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0.clone();
        Box::pin(async move {
            let addresses = reach.resolved(name.as_str(), 0).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, Reach, meant, place};
    use crate::Settings;

    fn worst(address: &str) -> Place {
        meant(address.parse().unwrap()).into_iter().map(place).max().unwrap()
    }

    #[test]
    fn metadata_servers_are_denied_in_every_spelling() {
        for denied in [
            "169.254.169.254",
            "169.254.0.1",
            "0.0.0.0",
            "0.1.2.3",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "192.0.0.8",
            "fe80::1",
            "::",
            "::ffff:169.254.169.254",
            "::ffff:0:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b::192.0.0.192",
            "64:ff9b:1::169.254.169.254",
            "64:ff9b:1:a9fe:a9:fe00::",
            "64:ff9b:1:12a9:fe:a9fe::",
            "64:ff9b:1:1234:a9:fea9:fe00:0",
            "2002:a9fe:a9fe::1",
            "2001:0:a9fe:a9fe::1",
            "2001:0:203:405:0:0:5601:5601",
            "2001:db8::5efe:169.254.169.254",
            "fd00:ec2::254",
            "224.0.0.1",
            "255.255.255.255",
            "ff02::1",
        ] {
            assert_eq!(worst(denied), Place::Denied, "{denied}");
        }
        for inside in [
            "127.0.0.1",
            "127.9.9.9",
            "::1",
            "10.0.0.1",
            "172.31.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "fd00::1",
            "fec0::1",
            "::ffff:10.0.0.1",
            "::10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:c0a8:101::1",
        ] {
            assert_eq!(worst(inside), Place::Inside, "{inside}");
        }
        for outside in [
            "203.0.113.1",
            "172.32.0.1",
            "100.128.0.1",
            "2001:db8::1",
            "64:ff9b::203.0.113.1",
            "2002:cb00:7101::",
        ] {
            assert_eq!(worst(outside), Place::Outside, "{outside}");
        }
    }

    #[test]
    fn below_an_organization_the_inside_must_be_allowed() {
        let mut settings = Settings::new("a");
        settings.allowed_networks = vec!["10.1.0.0/16".parse().unwrap(), "fd01::/16".parse().unwrap()];
        let shop = Reach::of("projects/shop/locations/global/notificationConfigs/n", &settings);
        let all = Reach::of("organizations/1/locations/global/notificationConfigs/n", &settings);
        for (address, of_shop, of_all) in [
            ("203.0.113.1", true, true),
            ("10.1.2.3", true, true),
            ("::ffff:10.1.2.3", true, true),
            ("64:ff9b::10.1.2.3", true, true),
            ("fd01::1", true, true),
            ("10.2.0.1", false, true),
            ("127.0.0.1", false, true),
            ("::1", false, true),
            ("fd02::1", false, true),
            ("2002:a02:1::", false, true),
            ("169.254.169.254", false, false),
        ] {
            let may = |reach: &Reach| reach.refusal(address, address.parse().unwrap()).is_none();
            assert_eq!((may(&shop), may(&all)), (of_shop, of_all), "{address}");
        }
        for host in ["127.0.0.1", "[::1]", "[::ffff:10.2.0.1]", "2130706433", "0x7f000001", "127.1"] {
            assert!(shop.refusal_of_literal(host).is_some(), "{host}");
            assert!(all.refusal_of_literal(host).is_none(), "{host}");
        }
        settings.allowed_networks = vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()];
        let shop = Reach::below(&settings);
        assert!(shop.refusal("", "127.0.0.1".parse().unwrap()).is_none());
        assert!(shop.refusal_of_literal("[::1]").is_none());
        assert!(shop.refusal_of_literal("169.254.169.254").is_some(), "no network allows those");
        for host in ["0251.254.169.254", "2852039166", "0xa9fea9fe"] {
            assert!(
                shop.refusal_of_literal(host).is_some() && all.refusal_of_literal(host).is_some(),
                "{host}"
            );
        }
    }
}
