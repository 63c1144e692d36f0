//! What a request must be before anything looks at it: short, and meant for this server.
//!
//! A page on the web can make a name of its own lead to 127.0.0.1 and then read answers as its own (DNS rebinding);
//! what it cannot do is make the browser write another name into the Host header.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::error::ApiError;
use crate::{body, upload};

/// Bytes of a path and query.
const URI_LIMIT: usize = 16 << 10;

/// How long an answer may take.
const TIME_LIMIT: Duration = Duration::from_secs(15);

/// Which names a request may call this server by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hosts {
    /// `localhost`, names under it and loopback addresses, with any port.
    Loopback,
    /// These names or addresses, without port, besides the loopback ones.
    Named(Vec<String>),
    /// Any: only behind a proxy that checks.
    Any,
}

impl Hosts {
    /// The guard that fits an address to listen on: loopback names for a loopback address, otherwise any.
    pub fn of(listen: SocketAddr) -> Self {
        if listen.ip().is_loopback() { Self::Loopback } else { Self::Any }
    }

    fn admits(&self, host: &str) -> bool {
        let name = without_port(host);
        match self {
            Self::Any => true,
            Self::Loopback => is_loopback(name),
            Self::Named(names) => is_loopback(name) || names.iter().any(|n| n.eq_ignore_ascii_case(name)),
        }
    }
}

/// `[::1]:8080` → `::1`, `localhost:8080` → `localhost`.
fn without_port(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split_once(']').map_or("", |(address, _)| address);
    }
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

fn is_loopback(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower == "localhost"
        || lower.ends_with(".localhost")
        || lower.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

fn check(hosts: &Hosts, request: &Request) -> Result<(), ApiError> {
    let uri = request.uri();
    let length = uri.path().len() + uri.query().map_or(0, str::len);
    if length > URI_LIMIT {
        let (what, status) = ("the address", StatusCode::URI_TOO_LONG);
        return Err(ApiError::TooLong { what, limit: URI_LIMIT, status });
    }
    let announced =
        request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    let limit = upload::limits(uri.path()).map_or(body::LIMIT, |(bytes, _)| bytes);
    if announced.is_some_and(|length| length > limit) {
        let (what, status) = ("the body", StatusCode::PAYLOAD_TOO_LARGE);
        return Err(ApiError::TooLong { what, limit, status });
    }
    // All that the request says must be a name of ours: an authority in the address does not excuse the header.
    let said = request.headers().get_all(header::HOST).iter().map(|value| value.to_str().unwrap_or_default());
    let said: Vec<&str> = said.chain(uri.authority().map(|a| a.as_str())).collect();
    match said.iter().find(|host| !hosts.admits(host)) {
        Some(host) => Err(ApiError::Host { host: (*host).to_owned() }),
        None if said.is_empty() && *hosts != Hosts::Any => Err(ApiError::Host { host: String::new() }),
        None => Ok(()),
    }
}

/// Headers of every answer: a browser must neither guess a type, nor run, frame, keep or share it.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox"),
    ),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// Around every request.
pub(crate) async fn around(State(hosts): State<Arc<Hosts>>, request: Request, next: Next) -> Response {
    let limit = upload::limits(request.uri().path()).map_or(TIME_LIMIT, |(_, time)| time);
    let mut response = match check(&hosts, &request) {
        Err(error) => error.into_response(),
        Ok(()) => match tokio::time::timeout(limit, next.run(request)).await {
            Ok(response) => response,
            Err(_) => ApiError::Timeout { seconds: limit.as_secs() }.into_response(),
        },
    };
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::Hosts;

    #[test]
    fn only_loopback_names_are_admitted_on_loopback() {
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "a.localhost",
            "127.0.0.1:1",
            "127.9.9.9",
            "[::1]:8080",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(Hosts::Loopback.admits(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "evil-localhost",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "[::2]",
            "[",
            "169.254.169.254",
            "0.0.0.0",
            "evil.example:127",
            "localhost@evil.example",
        ] {
            assert!(!Hosts::Loopback.admits(host), "{host}");
        }
    }

    #[test]
    fn the_guard_fits_the_address() {
        assert_eq!(Hosts::of("127.0.0.1:8080".parse().unwrap()), Hosts::Loopback);
        assert_eq!(Hosts::of("[::1]:8080".parse().unwrap()), Hosts::Loopback);
        assert_eq!(Hosts::of("0.0.0.0:8080".parse().unwrap()), Hosts::Any);
        assert!(Hosts::Named(vec!["vedette.internal".into()]).admits("Vedette.internal:443"));
    }
}
