//! Who asks through proxies: the address that the outermost of them saw.
//!
//! Each proxy appends to `X-Forwarded-For` whom it was asked by. What whoever asks wrote there before stands further left, and
//! nothing of it counts.

use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;
use axum::middleware::{self, Next};
use axum::response::Response;

const HEADER: &str = "x-forwarded-for";

/// Requests come through so many proxies: from then on, who asks is whom the outermost was asked by.
pub(crate) fn through(proxies: u8, router: Router) -> Router {
    if proxies == 0 { router } else { router.layer(middleware::from_fn_with_state(proxies, replace)) }
}

async fn replace(State(proxies): State<u8>, mut request: Request, next: Next) -> Response {
    let seen = asker(request.headers(), proxies);
    if let Some(ConnectInfo(peer)) = request.extensions_mut().get_mut::<ConnectInfo<SocketAddr>>()
        && let Some(address) = seen
    {
        *peer = SocketAddr::new(address, 0);
    }
    next.run(request).await
}

/// The entry that the outermost proxy appended; `None` when there are fewer, or it is no address: then the nearest proxy is who
/// asks.
fn asker(headers: &HeaderMap, proxies: u8) -> Option<IpAddr> {
    // several headers are one list, and a header that is no text is one entry that is no address
    let entries = headers
        .get_all(HEADER)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or("?").split(',').map(str::trim).collect::<Vec<_>>());
    let entries: Vec<&str> = entries.collect();
    let at = entries.len().checked_sub(usize::from(proxies.max(1)))?;
    address(entries.get(at)?)
}

/// `192.0.2.1`, `192.0.2.1:40000`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:40000`: proxies write all of them.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip()).ok();
    bare.parse().ok().or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, SocketAddr};

    use axum::Router;
    use axum::extract::ConnectInfo;
    use axum::http::{HeaderMap, HeaderValue};
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::{asker, through};

    fn said(lines: &[&str], proxies: u8) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("X-Forwarded-For", HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        asker(&headers, proxies).map(|address: IpAddr| address.to_string())
    }

    #[test]
    fn what_the_asker_wrote_counts_for_nothing() {
        for (lines, proxies, wanted) in [
            (&["203.0.113.9"][..], 1, Some("203.0.113.9")),
            (&["10.0.0.1, 127.0.0.1, 203.0.113.9"], 1, Some("203.0.113.9")),
            (&["10.0.0.1", "127.0.0.1,203.0.113.9"], 1, Some("203.0.113.9")),
            (&["127.0.0.1, 203.0.113.9, 10.0.0.2"], 2, Some("203.0.113.9")),
            (&["203.0.113.9:4711"], 1, Some("203.0.113.9")),
            (&["[2001:db8::1]:4711"], 1, Some("2001:db8::1")),
            (&["[2001:db8::1]"], 1, Some("2001:db8::1")),
            (&["2001:db8::1"], 1, Some("2001:db8::1")),
            (&["::ffff:203.0.113.9"], 1, Some("203.0.113.9")),
            // past the proxies, or a proxy that appends nothing
            (&[], 1, None),
            (&["203.0.113.9"], 2, None),
            (&["127.0.0.1, unknown"], 1, None),
            (&["127.0.0.1,"], 1, None),
            (&["127.0.0.1, \u{e9}"], 1, None),
            (&["127.0.0.1", "\u{e9}"], 1, None),
        ] {
            assert_eq!(said(lines, proxies).as_deref(), wanted, "{lines:?} through {proxies}");
        }
    }

    #[tokio::test]
    async fn behind_a_proxy_each_has_an_address_and_without_one_nobody_chooses() {
        let told = get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() });
        for (proxies, wanted) in [(0, "127.0.0.1"), (1, "203.0.113.9"), (2, "127.0.0.1")] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let router = through(proxies, Router::new().route("/", told.clone()));
            let served =
                tokio::spawn(crate::listen::serve(listener, router, None, std::future::pending::<()>()));
            let mut stream = TcpStream::connect(address).await.unwrap();
            let request =
                "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n";
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.ends_with(&format!("\r\n{wanted}")), "{proxies}: {answer}");
            served.abort();
        }
    }
}
