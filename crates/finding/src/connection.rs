//! Network connections that belong to a finding.

use crate::wire::{message, wire_enum};

message! {
    /// One connection. A listener that nobody reached has no destination.
    Connection {
        /// The far end.
        destination_ip: String,
        /// Port of the far end.
        destination_port: i32,
        /// The near end.
        source_ip: String,
        /// Port of the near end.
        source_port: i32,
        /// Protocol.
        protocol: Protocol,
    }
}

wire_enum! {
    /// Protocols by their IANA number; the published enum has only these.
    Protocol {
        Unspecified = 0 "PROTOCOL_UNSPECIFIED",
        /// ICMP.
        Icmp = 1 "ICMP",
        /// TCP.
        Tcp = 6 "TCP",
        /// UDP.
        Udp = 17 "UDP",
        /// GRE.
        Gre = 47 "GRE",
        /// ESP.
        Esp = 50 "ESP",
    }
}
