//! The address keywords and their aliases, of the releases 1.7 and 1.8.

/// What carries the data to the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// UDP-Lite.
    UdpLite,
    /// SCTP.
    Sctp,
    /// DCCP.
    Dccp,
    /// Raw IP packets.
    RawIp,
    /// TLS over TCP.
    Tls,
    /// DTLS over UDP.
    Dtls,
    /// The channel between a virtual machine and its host.
    Vsock,
    /// A socket described by numbers.
    Generic,
    /// Packets of a network interface or a tunnel device.
    Interface,
}

/// How socat takes part in a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Connects.
    Connect,
    /// Waits for a connection.
    Listen,
    /// Sends to and receives from one peer without a connection.
    Datagram,
    /// Waits for packets.
    Receive,
    /// Sends packets.
    Send,
}

/// What a keyword stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keyword {
    Network(Protocol, Role),
    Socks4,
    Socks4a,
    Socks5(Role),
    HttpProxy,
    Unix(Role),
    Abstract(Role),
    File,
    Pipe,
    Terminal,
    Stdio,
    Descriptor,
    Exec,
    System,
    Shell,
    Other,
}

/// What a word stands for as a keyword; case does not matter, nothing may be left out.
pub(super) fn keyword(word: &[u8]) -> Option<Keyword> {
    let word = word.to_ascii_lowercase();
    let word = word.as_slice();
    plain(word).or_else(|| network(word))
}

fn plain(word: &[u8]) -> Option<Keyword> {
    Some(match word {
        b"-" | b"stdio" | b"stdin" | b"stdout" | b"stderr" => Keyword::Stdio,
        b"exec" => Keyword::Exec,
        b"system" => Keyword::System,
        b"shell" => Keyword::Shell,
        b"pty" => Keyword::Terminal,
        b"fd" | b"accept" | b"accept-fd" => Keyword::Descriptor,
        b"pipe" | b"fifo" | b"echo" => Keyword::Pipe,
        b"file" | b"open" | b"gopen" | b"creat" | b"create" => Keyword::File,
        b"socks" | b"socks4" => Keyword::Socks4,
        b"socks4a" => Keyword::Socks4a,
        b"socks5" | b"socks5-connect" => Keyword::Socks5(Role::Connect),
        b"socks5-listen" | b"socks5-bind" => Keyword::Socks5(Role::Listen),
        b"proxy" | b"proxy-connect" => Keyword::HttpProxy,
        b"local" | b"unix" | b"unix-client" | b"unix-connect" => Keyword::Unix(Role::Connect),
        b"abstract" | b"abstract-client" | b"abstract-connect" => Keyword::Abstract(Role::Connect),
        b"if" | b"interface" | b"tun" => Keyword::Network(Protocol::Interface, Role::Datagram),
        b"openssl" | b"openssl-connect" | b"ssl" => Keyword::Network(Protocol::Tls, Role::Connect),
        b"openssl-listen" | b"ssl-l" => Keyword::Network(Protocol::Tls, Role::Listen),
        b"openssl-dtls-client"
        | b"openssl-dtls-connect"
        | b"dtls"
        | b"dtls-c"
        | b"dtls-client"
        | b"dtls-connect" => Keyword::Network(Protocol::Dtls, Role::Connect),
        b"openssl-dtls-listen" | b"openssl-dtls-server" | b"dtls-l" | b"dtls-listen" | b"dtls-server" => {
            Keyword::Network(Protocol::Dtls, Role::Listen)
        }
        b"datagram" | b"dgram" => Keyword::Network(Protocol::Generic, Role::Datagram),
        b"sendto" => Keyword::Network(Protocol::Generic, Role::Send),
        b"readline"
        | b"posixmq"
        | b"posixmq-bidir"
        | b"posixmq-bidirectional"
        | b"posixmq-read"
        | b"posixmq-write"
        | b"posixmq-recv"
        | b"posixmq-receive"
        | b"posixmq-send"
        | b"posixmq-recv-fork"
        | b"posixmq-receive-fork"
        | b"posixmq-send-fork"
        | b"socketpair"
        | b"stall"
        | b"text" => Keyword::Other,
        _ => return None,
    })
}

/// `PROTOCOL[4|6][-ROLE]`.
fn network(word: &[u8]) -> Option<Keyword> {
    let dash = word.iter().position(|b| *b == b'-').unwrap_or(word.len());
    let (stem, role) = word.split_at(dash);
    let family = stem.strip_suffix(b"4").or(stem.strip_suffix(b"6"));
    let connection = match role {
        b"" | b"-connect" => Some(Role::Connect),
        b"-l" | b"-listen" => Some(Role::Listen),
        _ => None,
    };
    let packets = match role {
        b"-datagram" | b"-dgram" => Some(Role::Datagram),
        b"-recv" | b"-recvfrom" => Some(Role::Receive),
        b"-send" | b"-sendto" => Some(Role::Send),
        _ => None,
    };
    let (protocol, role) = match family.unwrap_or(stem) {
        b"tcp" => (Protocol::Tcp, connection?),
        // `inet-connect` is no alias.
        b"inet" if role != b"-connect" => (Protocol::Tcp, connection?),
        b"sctp" => (Protocol::Sctp, connection?),
        b"dccp" => (Protocol::Dccp, connection?),
        b"udp" => (Protocol::Udp, connection.or(packets)?),
        b"udplite" => (Protocol::UdpLite, connection.or(packets)?),
        b"ip" if role.is_empty() => (Protocol::RawIp, Role::Send),
        b"ip" => (Protocol::RawIp, packets?),
        b"vsock" if family.is_none() => (Protocol::Vsock, connection?),
        b"socket" if family.is_none() && !role.is_empty() => (Protocol::Generic, connection.or(packets)?),
        b"unix" if family.is_none() => return Some(Keyword::Unix(connection.or(packets)?)),
        b"abstract" if family.is_none() => return Some(Keyword::Abstract(connection.or(packets)?)),
        _ => return None,
    };
    Some(Keyword::Network(protocol, role))
}
