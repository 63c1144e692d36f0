//! Addresses that findings name, kept beside them by the day of creation, so that a network leads to findings.
//!
//! By the day first: what is written lies together, however many addresses there are, and the newest are found first.

use std::collections::BTreeSet;
use std::net::IpAddr;

use finding::FindingResource;
use finding_filter::{Field, Filter, Network, Node, Part, Step};

use super::filter::{conjuncts, exact};
use super::narrow::{DAY, Span};
use super::{Dialect, Sql};
use crate::Key;

/// The fields whose addresses are kept, each with its number.
const FIELDS: [(&[&str], i64); 3] = [
    (&["connections", "", "destinationIp"], 0),
    (&["connections", "", "sourceIp"], 1),
    (&["indicator", "ipAddresses", ""], 2),
];

/// One address of a finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AddressEntry {
    /// The day on which the finding was created, since 1970.
    pub day: i64,
    /// Which field, and of which family the address is.
    pub field: i64,
    /// The address, the most significant byte first.
    pub address: Vec<u8>,
}

/// Every address that `inIpRange` is likely to be asked about.
pub fn addresses(item: &FindingResource) -> BTreeSet<AddressEntry> {
    let finding = &item.finding;
    let day = finding.create_time.map_or(0, finding::Timestamp::nanos).div_euclid(DAY);
    let texts = finding
        .connections
        .iter()
        .flat_map(|connection| [(0, &connection.destination_ip), (1, &connection.source_ip)])
        .chain(finding.indicator.ip_addresses.iter().map(|text| (2, text)));
    let mut entries = BTreeSet::new();
    for (number, text) in texts {
        let Ok(address) = text.parse::<IpAddr>() else { continue };
        // IPv4 within IPv6 lies in networks of both
        for address in [address, address.to_canonical()] {
            entries.insert(AddressEntry { day, field: field_of(number, address), address: bytes(address) });
        }
    }
    entries
}

fn field_of(number: i64, address: IpAddr) -> i64 {
    number * 2 + i64::from(address.is_ipv6())
}

fn bytes(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// A network in which everything that matches has an address.
#[derive(Debug, Clone, Copy)]
pub(super) struct Within {
    field: i64,
    network: Network,
    /// Whether what has such an address matches, as far as the rest of the filter does, and SQL can tell the rest.
    pub(super) is_exact: bool,
}

impl Within {
    pub(super) fn of(filter: &Filter) -> Option<Self> {
        let parts = conjuncts(filter);
        let found = parts.iter().enumerate().find_map(|(at, part)| {
            let (field, network, is_whole) = network(part)?;
            Some((at, field, network, is_whole))
        });
        let (at, field, network, is_whole) = found?;
        let mut rest = parts.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, part)| *part);
        let is_exact = is_whole && rest.all(exact);
        Some(Self { field, network, is_exact })
    }

    /// The days with addresses in a span of creation, the newest first.
    pub(super) fn days((from, until): Span) -> Sql {
        let mut sql = Sql::default();
        let (first, last) = (from.div_euclid(DAY), until.div_euclid(DAY));
        sql.push("WITH RECURSIVE days(day) AS (SELECT max(day) FROM finding_addresses WHERE day <= ");
        sql.integer(last);
        sql.push(
            " UNION ALL SELECT (SELECT max(day) FROM finding_addresses WHERE day < days.day) FROM days WHERE day >= ",
        );
        sql.integer(first);
        sql.push(") SELECT day FROM days WHERE day >= ").integer(first);
        sql
    }

    /// The findings of these days with an address in the network, this many at most.
    pub(super) fn findings(&self, dialect: Dialect, days: &[i64], limit: usize) -> Sql {
        let (first, last) = self.network.bounds();
        let mut sql = Sql::default();
        sql.push("SELECT finding FROM finding_addresses WHERE day IN (");
        for (at, day) in days.iter().enumerate() {
            sql.push(if at > 0 { ", " } else { "" }).integer(*day);
        }
        sql.push(format!(") AND field = {} AND address BETWEEN ", field_of(self.field, first)));
        sql.push(dialect.bytes(&bytes(first))).push(" AND ").push(dialect.bytes(&bytes(last)));
        sql.push(" LIMIT ").integer(i64::try_from(limit).unwrap_or(i64::MAX));
        sql
    }
}

/// The field, the network, and whether nothing else is asked.
fn network(node: &Node) -> Option<(i64, Network, bool)> {
    match node {
        Node::InIpRange { field, network } if field.part == Part::Finding => {
            Some((number(&[&field.path])?, *network, true))
        }
        Node::Contains { list: Field { part: Part::Finding, path, .. }, element, .. } => {
            let parts: Vec<&Node> = match &**element {
                Node::And(parts) => parts.iter().collect(),
                other => vec![other],
            };
            parts.into_iter().find_map(|part| match part {
                Node::InIpRange { field, network } if field.part == Part::Element => {
                    Some((number(&[path, &field.path])?, *network, false))
                }
                _ => None,
            })
        }
        _ => None,
    }
}

fn number(path: &[&[Step]]) -> Option<i64> {
    let steps = path.iter().copied().flatten().map(|step| match step {
        Step::Key(key) => key.as_str(),
        Step::Each => "",
    });
    FIELDS.iter().find(|(known, _)| known.iter().copied().eq(steps.clone())).map(|(_, number)| *number)
}

/// Findings by their keys.
pub(super) fn among(dialect: Dialect, keys: &[Key]) -> Sql {
    let mut sql = Sql::default();
    if keys.is_empty() {
        sql.push("false");
        return sql;
    }
    // a name alone would be looked for in every month
    let (open, close) = match dialect {
        Dialect::Sqlite => ("id IN (", ")"),
        Dialect::Postgres => {
            ("(month, name) IN (SELECT month, name FROM finding_names WHERE name IN (", "))")
        }
    };
    sql.push(open);
    for (at, key) in keys.iter().enumerate() {
        sql.push(if at > 0 { ", " } else { "" }).key(key);
    }
    sql.push(close);
    sql
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{Within, addresses, bytes};
    use finding::{Connection, FindingResource};

    #[test]
    fn a_network_that_must_hold_leads_to_its_addresses() {
        let of =
            |text: &str| Within::of(&text.parse().unwrap()).map(|within| (within.field, within.is_exact));
        assert_eq!(of("inIpRange(connections.destination_ip, \"10.0.0.0/8\")"), Some((0, true)));
        assert_eq!(of("state=ACTIVE AND inIpRange(connections.source_ip, \"10.0.0.0/8\")"), Some((1, true)));
        assert_eq!(of("inIpRange(indicator.ip_addresses, \"2001:db8::/32\")"), Some((2, true)));
        let contains =
            "contains(connections, inIpRange(destination_ip, \"10.0.0.0/8\") AND destination_port>0)";
        assert_eq!(of(contains), Some((0, false)));
        for none in [
            "",
            "-inIpRange(connections.source_ip, \"10.0.0.0/8\")",
            "inIpRange(connections.source_ip, \"10.0.0.0/8\") OR state=ACTIVE",
            "inIpRange(source_properties.Odd_Key, \"10.0.0.0/8\")",
        ] {
            assert_eq!(of(none), None, "{none}");
        }
    }

    #[test]
    fn an_address_is_kept_where_each_network_that_holds_it_looks() {
        for (network, texts) in [
            ("10.0.0.0/8", ["10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0", "::ffff:10.1.2.3"]),
            ("0.0.0.0/0", ["0.0.0.0", "255.255.255.255", "::", "odd", "::ffff:10.1.2.3"]),
            ("203.0.113.7/32", ["203.0.113.7", "203.0.113.6", "203.0.113.8", "", "203.0.113.07"]),
            ("::ffff:0:0/96", ["10.0.0.1", "::ffff:10.0.0.1", "::", "::1", "1.2.3.4"]),
            ("2001:db8::/33", ["2001:db8::", "2001:db8:7fff::", "2001:db8:8000::", "2001:db7::", "1.2.3.4"]),
            ("::/0", ["::", "ffff::", "1.2.3.4", "::ffff:1.2.3.4", "x"]),
        ] {
            let text = format!("inIpRange(connections.source_ip, \"{network}\")");
            let filter: finding_filter::Filter = text.parse().unwrap();
            let within = Within::of(&filter).unwrap();
            let (first, last) = within.network.bounds();
            for text in texts {
                let mut item = FindingResource::default();
                item.finding.connections =
                    vec![Connection { source_ip: text.into(), ..Connection::default() }];
                let field = super::field_of(1, first);
                let is_kept = addresses(&item).iter().any(|entry| {
                    entry.field == field && (bytes(first)..=bytes(last)).contains(&entry.address)
                });
                assert_eq!(is_kept, filter.matches_item(&item), "{text} in {network}");
                assert!(text.parse::<IpAddr>().is_ok() || !is_kept);
            }
        }
    }
}
