//! Whose connections there are, and how many more one address may have: what one address takes keeps no other waiting.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::HandshakeLimits;

/// Who counts as one: an IPv4 address, or the /64 of an IPv6 address, since a single host has all of that.
pub fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX)).into(),
        four => four,
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    handshakes: usize,
    connections: usize,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    by_neighbourhood: HashMap<IpAddr, Count>,
}

/// Counts the connections of a listener. Clones share everything.
#[derive(Debug, Clone)]
pub struct Admission {
    counts: Arc<Mutex<Counts>>,
    limits: HandshakeLimits,
}

impl Admission {
    /// Nobody is connected yet.
    pub fn new(limits: HandshakeLimits) -> Self {
        Self { counts: Arc::default(), limits }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection whose handshake begins; `None` when its address has its share, or all are taken.
    pub fn enter(&self, address: IpAddr) -> Option<Place> {
        let from = neighbourhood(address);
        let limits = &self.limits;
        let mut counts = self.counts();
        if counts.all >= limits.connections {
            return None;
        }
        let known = counts.by_neighbourhood.get(&from).copied().unwrap_or_default();
        if known.handshakes >= limits.per_address || known.connections >= limits.connections_per_address {
            return None;
        }
        counts.all += 1;
        let count = counts.by_neighbourhood.entry(from).or_default();
        count.handshakes += 1;
        count.connections += 1;
        drop(counts);
        Some(Place { admission: self.clone(), from, is_in_handshake: true })
    }
}

/// One connection's place, free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    admission: Admission,
    from: IpAddr,
    is_in_handshake: bool,
}

impl Place {
    /// The handshake is done: another of the same address may begin.
    pub fn established(&mut self) {
        if std::mem::take(&mut self.is_in_handshake)
            && let Some(count) = self.admission.counts().by_neighbourhood.get_mut(&self.from)
        {
            count.handshakes -= 1;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.established();
        let mut counts = self.admission.counts();
        counts.all -= 1;
        if let Some(count) = counts.by_neighbourhood.get_mut(&self.from) {
            count.connections -= 1;
            // addresses that are gone take no memory
            if count.connections == 0 {
                counts.by_neighbourhood.remove(&self.from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Admission, neighbourhood};
    use crate::HandshakeLimits;
    use std::net::IpAddr;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_ipv6_host_is_counted_by_its_network() {
        assert_eq!(
            neighbourhood("2001:db8::1".parse().unwrap()),
            neighbourhood("2001:db8::ffff:2".parse().unwrap())
        );
        assert_ne!(
            neighbourhood("2001:db8::1".parse().unwrap()),
            neighbourhood("2001:db8:0:1::1".parse().unwrap())
        );
        assert_eq!(
            neighbourhood("::ffff:10.0.0.1".parse().unwrap()),
            neighbourhood("10.0.0.1".parse().unwrap())
        );
    }

    #[test]
    fn a_share_is_one_address_or_one_64() {
        let limits = HandshakeLimits { per_address: 1, ..HandshakeLimits::default() };
        let admission = Admission::new(limits);
        let _four = admission.enter(ip("192.0.2.1")).unwrap();
        assert!(admission.enter(ip("::ffff:192.0.2.1")).is_none(), "the same address, written otherwise");
        let _six = admission.enter(ip("2001:db8::1")).unwrap();
        assert!(admission.enter(ip("2001:db8::ffff:1")).is_none(), "the same /64");
        let _other = admission.enter(ip("2001:db8:0:1::1")).unwrap();
        let _loopback = admission.enter(ip("127.0.0.1")).unwrap();
        assert!(admission.enter(ip("127.0.0.1")).is_none());
    }

    #[test]
    fn established_connections_are_bounded_per_address_and_in_all() {
        let limits = HandshakeLimits {
            per_address: 1,
            connections_per_address: 2,
            connections: 3,
            ..HandshakeLimits::default()
        };
        let admission = Admission::new(limits);
        let enter = |text: &str| {
            let mut place = admission.enter(ip(text))?;
            place.established();
            Some(place)
        };
        let first = enter("192.0.2.1").unwrap();
        let _second = enter("192.0.2.1").unwrap();
        assert!(enter("192.0.2.1").is_none());
        let _third = enter("192.0.2.2").unwrap();
        assert!(enter("192.0.2.3").is_none(), "all are taken");
        drop(first);
        drop(enter("192.0.2.3").unwrap());
        let _again = enter("192.0.2.1").unwrap();
        assert_eq!(admission.counts().by_neighbourhood.len(), 2);
    }
}
