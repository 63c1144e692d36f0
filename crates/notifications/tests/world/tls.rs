//! Outputs over TLS, with an authority of the test's own.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::receiver::{CONFIG, World, settings};

fn openssl(folder: &Path, args: &str) -> bool {
    Command::new("openssl")
        .args(args.split(' '))
        .current_dir(folder)
        .output()
        .is_ok_and(|output| output.status.success())
}

/// An authority in PEM, and in the folder `ca.pem`, `leaf.pem` and `leaf.key` for the name; `None` without `openssl`.
pub(crate) fn leaf(folder: &Path, name: &str) -> Option<String> {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout";
    let names = format!("subjectAltName={name}\nbasicConstraints=critical,CA:FALSE\n");
    std::fs::write(folder.join("names"), names).unwrap();
    let is_made = openssl(folder, &format!("req -x509 {key} ca.key -out ca.pem -days 2 -subj /CN=authority"))
        && openssl(folder, &format!("req -new {key} leaf.key -out leaf.csr -subj /CN=receiver"))
        && openssl(
            folder,
            "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out leaf.pem -days 2 -extfile names",
        );
    is_made.then(|| std::fs::read_to_string(folder.join("ca.pem")).unwrap())
}

/// The authority in PEM, and what accepts connections for 127.0.0.1; `None` without `openssl`.
fn authority(folder: &Path) -> Option<(String, TlsAcceptor)> {
    let authority = leaf(folder, "IP:127.0.0.1")?;
    let certificate = CertificateDer::from_pem_file(folder.join("leaf.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("leaf.key")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = builder.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    Some((authority, TlsAcceptor::from(Arc::new(config))))
}

#[tokio::test]
async fn only_who_shows_a_certificate_of_the_authority_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let Some((authority, acceptor)) = authority(folder.path()) else {
        println!("skipped: no openssl; run sudo ./setup --for test");
        return;
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let world = World::new().await;
    let mut trusting = settings("a");
    trusting.authorities = authority;
    let engine = world.engine(trusting);

    let syslog = json!({"vedette": {"kind": "syslog", "url": format!("tls://{address}")}});
    let receive = async {
        let mut stream = acceptor.accept(listener.accept().await.unwrap().0).await.unwrap();
        let mut frame = String::new();
        stream.read_to_string(&mut frame).await.unwrap();
        frame
    };
    let (sent, frame) = tokio::join!(engine.send_test(CONFIG, &syslog), receive);
    sent.unwrap();
    let (length, line) = frame.split_once(' ').unwrap();
    assert_eq!((length.parse(), &line[..7]), (Ok(line.len()), "<133>1 "));

    let webhook = json!({"pubsubTopic": format!("https://{address}/hook")});
    let answer = async {
        let mut stream = acceptor.accept(listener.accept().await.unwrap().0).await.ok()?;
        let mut bytes = vec![0; 65_536];
        let length = stream.read(&mut bytes).await.ok()?;
        stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await.ok()?;
        stream.shutdown().await.ok()?;
        Some(String::from_utf8_lossy(&bytes[..length]).into_owned())
    };
    let (sent, request) = tokio::join!(engine.send_test(CONFIG, &webhook), answer);
    sent.unwrap();
    assert!(request.unwrap().starts_with("POST /hook HTTP/1.1\r\n"));

    let strange = world.engine(settings("b"));
    let refuse = async { acceptor.accept(listener.accept().await.unwrap().0).await.is_err() };
    let (sent, is_refused) = tokio::join!(strange.send_test(CONFIG, &webhook), refuse);
    let error = sent.unwrap_err().to_string();
    assert!(is_refused && error.contains("certificate"), "{error}");
}
