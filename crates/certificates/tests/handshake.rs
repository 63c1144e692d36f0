//! Authority, certificates and the listener, over real sockets.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use certificates::{
    Authority, CertificateError, ClientFiles, DAY, HandshakeLimits, NodeIdentity, PeerError, ServerFiles,
    ServerTls, TlsListener, client_config, nothing_revoked, write_private,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

fn place(folder: &Path, name: &str, issued: &certificates::Issued) -> PathBuf {
    let path = folder.join(name);
    write_private(&path, format!("{}{}", issued.certificate_pem, issued.key_pem).as_bytes()).unwrap();
    path
}

fn server_files(path: &Path, authority: &Authority) -> ServerFiles {
    ServerFiles {
        certificate: path.into(),
        key: path.into(),
        clients: Some(authority.certificate_file().into()),
        without_certificate: false,
    }
}

#[test]
fn an_authority_is_made_once_and_never_over_half_of_one() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("authority");
    let made = Authority::open(&root, SystemTime::now()).unwrap();
    let again = Authority::open(&root, SystemTime::now()).unwrap();
    assert_eq!(made.certificate_pem(), again.certificate_pem());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&root), mode(&root.join("authority.key"))), (0o700, 0o600));
    std::fs::rename(root.join("authority.key"), root.join("elsewhere")).unwrap();
    let error = Authority::open(&root, SystemTime::now()).err().unwrap();
    assert!(matches!(error, CertificateError::Half { .. }), "{error}");
    std::fs::write(root.join("authority.key"), "no key").unwrap();
    let error = Authority::open(&root, SystemTime::now()).err().unwrap().to_string();
    assert!(error.contains("authority.key"), "{error}");
}

#[test]
fn names_and_keys_that_no_certificate_can_hold_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::open(folder.path(), SystemTime::now()).unwrap();
    for name in ["", "a b", "a\nb", "-", "*"] {
        assert!(authority.server(&[name.to_owned()], SystemTime::now(), DAY).is_err(), "{name:?}");
    }
    let identity = NodeIdentity::new("d", "c", "n").unwrap();
    for key in [&[][..], &[4; 64], &[3; 65]] {
        assert!(authority.node_for_key(&identity, key, SystemTime::now(), DAY).is_err());
    }
}

#[tokio::test]
async fn both_sides_know_each_other_and_a_changed_certificate_is_taken_up() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::open(&folder.path().join("authority"), SystemTime::now()).unwrap();
    let server = |name: &str| authority.server(&[name.into()], SystemTime::now(), DAY).unwrap();
    let path = place(folder.path(), "server.pem", &server("one.example"));
    let identity = NodeIdentity::new("d", "c", "n").unwrap();
    let node = place(folder.path(), "node.pem", &authority.node(&identity, SystemTime::now(), DAY).unwrap());
    let tls = Arc::new(ServerTls::open(server_files(&path, &authority), &[b"h2"]).unwrap());
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let limits =
        HandshakeLimits { at_once: 4, time: Duration::from_millis(200), ..HandshakeLimits::default() };
    let mut listener = TlsListener::new(socket, tls.clone(), limits).unwrap();
    let address = listener.address();
    let files =
        ClientFiles { authority: authority.certificate_file().into(), identity: Some((node.clone(), node)) };
    let connector = TlsConnector::from(Arc::new(client_config(&files, &[b"h2"]).unwrap()));
    let dial = |name: &'static str| {
        let connector = connector.clone();
        async move {
            let stream = TcpStream::connect(address).await.unwrap();
            connector.connect(name.try_into().unwrap(), stream).await
        }
    };
    // connections that say nothing take places, and give them back
    let mut silent = Vec::new();
    for _ in 0..6 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let (client, accepted) = tokio::join!(dial("one.example"), listener.next());
    let client = client.unwrap();
    assert_eq!(client.get_ref().1.protocol_version().unwrap().as_str(), Some("TLSv1_3"));
    let peer = accepted.unwrap().peer().unwrap();
    assert_eq!(peer.check(&nothing_revoked(), SystemTime::now()), Ok(&identity));
    let fingerprint = peer.fingerprint();
    let revoked: certificates::Revocations = Arc::new(move |one| one.fingerprint() == fingerprint);
    assert_eq!(peer.check(&revoked, SystemTime::now()), Err(PeerError::Revoked(fingerprint)));
    let age = SystemTime::now().duration_since(peer.issued_at()).unwrap();
    assert!(age < DAY / 24, "{age:?}");
    let late = SystemTime::now() + 2 * DAY;
    assert_eq!(peer.check(&nothing_revoked(), late), Err(PeerError::Expired(fingerprint)));

    assert!(!tls.reload().unwrap());
    std::fs::write(&path, "damaged").unwrap();
    let error = tls.reload().unwrap_err().to_string();
    assert!(error.contains("server.pem"), "{error}");
    let (client, _) = tokio::join!(dial("one.example"), listener.next());
    client.unwrap();
    place(folder.path(), "server.pem", &server("another.example"));
    assert!(tls.reload().unwrap());
    let (client, _) = tokio::join!(dial("another.example"), listener.next());
    client.unwrap();
    dial("one.example").await.unwrap_err();
}

#[test]
fn those_that_start_together_share_one_authority() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shared/authority");
        let made: Vec<String> = std::thread::scope(|scope| {
            let open = || Authority::open(&path, SystemTime::now()).unwrap().certificate_pem().to_owned();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(made.iter().all(|one| *one == made[0]));
    }
}

#[tokio::test]
async fn an_address_full_of_silent_connections_keeps_no_other_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::open(&folder.path().join("authority"), SystemTime::now()).unwrap();
    let issued = authority.server(&["one.example".into()], SystemTime::now(), DAY).unwrap();
    let path = place(folder.path(), "server.pem", &issued);
    let files = ServerFiles { without_certificate: true, ..server_files(&path, &authority) };
    let tls = Arc::new(ServerTls::open(files, &[b"h2"]).unwrap());
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    // silent ones would stay for longer than any test lasts
    let limits = HandshakeLimits {
        time: Duration::from_secs(3_600),
        connections_per_address: 20,
        ..HandshakeLimits::default()
    };
    let mut listener = TlsListener::new(socket, tls, limits).unwrap();
    let address = listener.address();
    let from = |ip: &'static str| async move {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(format!("{ip}:0").parse().unwrap()).unwrap();
        socket.connect(address).await.unwrap()
    };
    let mut silent = Vec::new();
    for _ in 0..600 {
        silent.push(from("127.0.0.2").await);
    }
    let files = ClientFiles { authority: authority.certificate_file().into(), identity: None };
    let connector = TlsConnector::from(Arc::new(client_config(&files, &[b"h2"]).unwrap()));
    let mut honest = async || {
        let name = "one.example".try_into().unwrap();
        let (client, accepted) = tokio::join!(
            async { connector.connect(name, from("127.0.0.3").await).await.unwrap() },
            listener.next()
        );
        (client, accepted.unwrap())
    };
    let mut open = Vec::new();
    for _ in 0..limits.connections_per_address {
        open.push(honest().await);
    }
    // the silent address has its share, and everything else of it was closed
    let mut closed = 0;
    for stream in silent.iter().skip(limits.per_address) {
        stream.readable().await.unwrap();
        closed += usize::from(matches!(stream.try_read(&mut [0; 1]), Ok(0) | Err(_)));
    }
    assert_eq!(closed, 600 - limits.per_address);
    let refused = connector.connect("one.example".try_into().unwrap(), from("127.0.0.3").await).await;
    assert!(refused.is_err(), "an address has so many connections and no more");
    open.pop();
    open.push(honest().await);
}
