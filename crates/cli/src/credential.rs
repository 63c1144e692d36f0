//! What is shown to the API: the token that was given, else that of the Vedette of this machine which answers there.

use crate::arguments::Endpoint;
use crate::client::ClientError;
use crate::data_folder::{self, Running};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// An address to ask and what to show there.
pub(crate) struct Credential {
    /// `host:port`.
    pub(crate) host: String,
    pub(crate) token: Option<String>,
    /// Where the token of that API is kept on this machine, for whoever is refused.
    pub(crate) kept: Option<PathBuf>,
}

impl Credential {
    /// `host` is the endpoint's, checked.
    pub(crate) fn of(endpoint: &Endpoint, host: &str) -> Result<Self, ClientError> {
        let given = match (&endpoint.token_file, std::env::var("VEDETTE_TOKEN")) {
            (Some(path), _) => Some(from_file(path)?),
            (None, Ok(words)) if !words.is_empty() => Some(usable(&words, "VEDETTE_TOKEN")?),
            _ => None,
        };
        let kept = || {
            let folder = addresses(host).into_iter().find_map(data_folder::announced);
            folder.map(|folder| data_folder::token_file(&folder))
        };
        if given.is_some() {
            return Ok(Self { host: host.to_owned(), token: given, kept: kept() });
        }
        let running = addresses(host)
            .into_iter()
            .find_map(|address| Running::at(address).and_then(|running| Some((address, running.token()?))));
        Ok(match running {
            // a name may lead elsewhere than to the one that the token is of
            Some((address, token)) => Self { host: address.to_string(), token: Some(token), kept: None },
            None => Self { host: host.to_owned(), token: None, kept: kept() },
        })
    }
}

fn from_file(path: &Path) -> Result<String, ClientError> {
    let words = std::fs::read_to_string(path)
        .map_err(|source| ClientError::TokenFile { path: path.to_owned(), source })?;
    usable(&words, &path.display().to_string())
}

/// One word of visible characters: nothing else fits into a header.
fn usable(words: &str, place: &str) -> Result<String, ClientError> {
    let token = words.trim();
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(ClientError::Token { place: place.to_owned() });
    }
    Ok(token.to_owned())
}

/// Addresses of this machine that the host may mean.
pub(crate) fn addresses(host: &str) -> Vec<SocketAddr> {
    let host = if host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
        host.to_owned()
    } else {
        format!("{host}:80")
    };
    if let Some(port) = host.strip_prefix("localhost:").and_then(|port| port.parse().ok()) {
        return vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()];
    }
    host.parse().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_and_localhost_can_be_this_machine() {
        let shown =
            |host: &str| addresses(host).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        assert_eq!(shown("127.0.0.1:7979"), "127.0.0.1:7979");
        assert_eq!(shown("localhost:1"), "127.0.0.1:1 [::1]:1");
        assert_eq!(shown("localhost"), "127.0.0.1:80 [::1]:80");
        assert_eq!(shown("[::1]:80"), "[::1]:80");
        assert_eq!(shown("vedette.internal:7979"), "");
    }

    #[test]
    fn what_is_no_token_is_refused_with_its_place() {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("token");
        let endpoint = Endpoint { address: String::new(), ca_file: None, token_file: Some(file.clone()) };
        let error = Credential::of(&endpoint, "127.0.0.1:9").err().unwrap();
        assert!(matches!(error, ClientError::TokenFile { .. }), "{error}");
        for (words, token) in
            [("a1\n", Some("a1")), ("", None), ("a b", None), ("a\nb", None), ("\u{1b}", None)]
        {
            std::fs::write(&file, words).unwrap();
            let found = Credential::of(&endpoint, "127.0.0.1:9");
            let found = found.map_err(|error| error.to_string().contains(&file.display().to_string()));
            assert_eq!(
                found
                    .map(|c| c.token)
                    .unwrap_or_else(|named| {
                        assert!(named);
                        None
                    })
                    .as_deref(),
                token,
                "{words:?}"
            );
        }
    }
}
