//! Connections of the API: bounded in number and in how long each may take to say what it wants.
//!
//! A client that connects and says nothing, or half of something, costs a descriptor; the intake and the database need some, too.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::serve::Listener;
use certificates::{Admission, HandshakeLimits};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;

/// A request's head must be there within this time, the next one of a connection, too.
const HEAD: Duration = Duration::from_secs(30);
/// Bytes of a head: a path and a query of 16 KiB, a token of 16 KiB, and the rest.
const HEAD_BYTES: usize = 64 << 10;
/// At the end, what is under way has this long.
const ENDING: Duration = Duration::from_secs(20);
/// Descriptors that are for others than the API.
const OTHERS: u64 = 512;

/// As many connections as fit into the descriptors of this process, which are as many as the system allows. Behind a proxy
/// everybody has one address.
pub(crate) fn bounds_of_this_process(behind_proxy: bool) -> HandshakeLimits {
    let descriptors = raise_descriptors();
    let all = descriptors.saturating_sub(OTHERS).max(descriptors / 2).min(4_096);
    let all = usize::try_from(all).unwrap_or(4_096);
    bounds(all, if behind_proxy { all } else { (all / 4).max(8) })
}

fn bounds(all: usize, of_one: usize) -> HandshakeLimits {
    HandshakeLimits { connections: all, connections_per_address: of_one, ..HandshakeLimits::default() }
}

/// As many descriptors as this process may give itself; how many these are.
fn raise_descriptors() -> u64 {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // where that is not allowed, what there was stays
    let _ = setrlimit(Resource::Nofile, limit);
    getrlimit(Resource::Nofile).current.unwrap_or(1 << 20)
}

/// Serves until `shutdown`; requests that are under way end first. `admission` bounds the connections of a listener that does not
/// do so itself.
pub(crate) async fn serve<L>(
    mut listener: L,
    router: Router,
    admission: Option<Admission>,
    shutdown: impl Future<Output = ()>,
) where
    L: Listener<Addr = SocketAddr>,
{
    let graceful = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, address) = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        let place = match &admission {
            None => None,
            Some(admission) => match admission.enter(address.ip()) {
                Some(mut place) => {
                    place.established();
                    Some(place)
                }
                None => {
                    tracing::debug!("{address}: there are too many connections, or too many from there");
                    continue;
                }
            },
        };
        let router = router.clone().layer(axum::Extension(ConnectInfo(address)));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("{address}: {error}");
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(ENDING, graceful.shutdown()).await.is_err() {
        tracing::warn!("clients that take longer than {} s are cut off", ENDING.as_secs());
    }
}

#[cfg(test)]
mod tests {
    use super::{bounds, serve};
    use axum::Router;
    use axum::extract::ConnectInfo;
    use axum::routing::get;
    use certificates::Admission;
    use std::net::SocketAddr;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    #[test]
    fn one_address_has_its_share_and_a_place_comes_back() {
        let admission = Admission::new(bounds(3, 2));
        let take = |address: &str| {
            let mut place = admission.enter(address.parse().unwrap())?;
            place.established();
            Some(place)
        };
        let first = take("192.0.2.1");
        let second = take("::ffff:192.0.2.1");
        assert!(first.is_some() && second.is_some());
        assert!(take("192.0.2.1").is_none(), "its share is taken");
        let third = take("2001:db8::1");
        assert!(third.is_some() && take("192.0.2.9").is_none(), "all are taken");
        drop(third);
        let one = take("2001:db8::1");
        assert!(one.is_some());
        drop((first, second));
        let other = take("2001:db8::2");
        assert!(other.is_some() && take("2001:db8::3").is_none(), "one network");
    }

    #[tokio::test]
    async fn whoever_says_nothing_keeps_nobody_from_asking() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let route = get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() });
        let router = Router::new().route("/", route);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let served = tokio::spawn(serve(listener, router, Some(Admission::new(bounds(8, 4))), async {
            let _ = stopped.await;
        }));
        let mut silent = Vec::new();
        for _ in 0..3 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nX-a: ").await.unwrap();
            silent.push(stream);
        }
        let ask = async || {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
            let mut answer = String::new();
            let _ = stream.read_to_string(&mut answer).await;
            answer
        };
        assert!(ask().await.ends_with("127.0.0.1"));
        silent.push(TcpStream::connect(address).await.unwrap());
        assert_eq!(ask().await, "", "a fifth connection of one address is closed");
        silent.clear();
        let mut answer = ask().await;
        while answer.is_empty() {
            answer = ask().await;
        }
        drop(stop);
        served.await.unwrap();
    }
}
