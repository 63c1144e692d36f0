//! What a config below an organization may use, reach and learn.

use notifications::SendError;
use serde_json::json;

use crate::receiver::{CONFIG, Receiver, Reply, World, ok, settings, until};

const SHOP: &str = "projects/shop/locations/global/notificationConfigs/n";

#[tokio::test]
async fn a_secret_of_another_scope_is_not_there() {
    let world = World::new().await;
    let receiver = Receiver::start(|_, _| ok()).await;
    let mut settings = settings("a");
    settings.secrets.insert("projects/shop", "own", "https://hooks.example.com/s3cret");
    settings.secrets.insert("projects/shop", "bad", "s3cret");
    let engine = world.engine(settings);
    let body =
        |secret: &str| json!({"vedette": {"kind": "falcosidekick", "url": receiver.url, "secret": secret}});
    let refused = async |config: &str, secret: &str| {
        let error = engine.send_test(config, &body(secret)).await.unwrap_err();
        assert!(matches!(&error, SendError::Output(error) if error.field == "vedette.secret"), "{error}");
        error.to_string()
    };
    let none = refused(SHOP, "none").await;
    assert_eq!(refused(SHOP, "hook").await.replace("hook", "none"), none);
    assert_eq!(refused(CONFIG, "own").await.replace("own", "none"), none);
    engine.send_test(CONFIG, &body("hook")).await.unwrap();
    assert_eq!(receiver.seen().len(), 1);
    let slack = json!({"vedette": {"kind": "slack", "secret": "bad"}});
    let error = engine.send_test(SHOP, &slack).await.unwrap_err().to_string();
    assert!(error.contains("vedette.secret") && !error.contains("s3cret"), "{error}");
}

#[tokio::test]
async fn below_an_organization_nothing_inside_is_reached_unless_it_is_allowed() {
    let world = World::new().await;
    let receiver = Receiver::start(|_, _| ok()).await;
    let port = receiver.url.rsplit(':').next().unwrap().to_owned();
    let mut open = settings("a");
    open.allowed_networks = vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
    open.secrets.insert("projects/shop", "url", receiver.url.as_str());
    let mut closed = open.clone();
    closed.allowed_networks = vec!["10.0.0.0/8".parse().unwrap()];
    closed.pubsub_push = Some(receiver.url.clone());
    let (open, closed) = (world.engine(open), world.engine(closed));
    let body = |kind: &str, url: String| json!({"vedette": {"kind": kind, "url": url}});
    for body in [
        body("webhook", receiver.url.clone()),
        body("falcosidekick", format!("http://127.1:{port}")),
        body("falcosidekick", format!("http://[::ffff:127.0.0.1]:{port}")),
        body("falcosidekick", format!("http://localhost:{port}")),
        body("syslog", format!("tcp://localhost:{port}")),
        body("nats", format!("nats://localhost:{port}")),
    ] {
        let error = closed.send_test(SHOP, &body).await.unwrap_err().to_string();
        assert!(error.contains("allowedNetworks") || error.contains("no connection"), "{body}: {error}");
        assert!(!error.contains("allowedNetworks") || !body.to_string().contains("localhost"), "{error}");
    }
    assert_eq!(receiver.seen().len(), 0, "not even asked");
    open.send_test(SHOP, &body("falcosidekick", format!("http://localhost:{port}"))).await.unwrap();
    open.send_test(SHOP, &body("webhook", receiver.url.clone())).await.unwrap();
    closed.send_test(CONFIG, &body("webhook", receiver.url.clone())).await.unwrap();
    // what the operator named
    closed.send_test(SHOP, &json!({"vedette": {"kind": "slack", "secret": "url"}})).await.unwrap();
    closed.send_test(SHOP, &json!({"pubsubTopic": "projects/shop/topics/t"})).await.unwrap();
    assert_eq!(receiver.seen().len(), 5);
    for url in [
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://[::169.254.169.254]/",
        "http://[2002:a9fe:a9fe::1]/",
        "http://192.0.0.192",
    ] {
        for config in [SHOP, CONFIG] {
            let error = open.send_test(config, &body("falcosidekick", url.into())).await.unwrap_err();
            assert!(error.to_string().contains("metadata address"), "{url}: {error}");
        }
    }
}

#[tokio::test]
async fn below_an_organization_an_answer_is_a_number() {
    let world = World::new().await;
    let secret = || Reply::Answer("403 Inner words", "content-length: 12\r\n\r\ninner secret".into());
    let receiver = Receiver::start(move |_, _| secret()).await;
    let mut settings = settings("a");
    settings.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
    let engine = world.engine(settings);
    let body = json!({"pubsubTopic": receiver.url});
    let error = engine.send_test(CONFIG, &body).await.unwrap_err().to_string();
    assert!(error.contains("inner secret"), "{error}");
    let config = "projects/p/locations/global/notificationConfigs/n";
    let error = engine.send_test(config, &body).await.unwrap_err().to_string();
    assert!(error.ends_with("answered 403 Forbidden"), "{error}");
    world.config(config, body).await;
    world.fill(0..1).await;
    until(|| engine.counts().get(config).is_some_and(|counts| counts.dead == 1)).await;
    let letters = engine.dead_letters(config).await.unwrap();
    assert_eq!(letters[0].body["reason"], "answered 403 Forbidden");
    let replayed = engine.replay(config, std::time::Duration::from_secs(60)).await.unwrap();
    assert_eq!(replayed.stopped.as_deref(), Some("answered 403 Forbidden"));
    let closed = json!({"vedette": {"kind": "syslog", "url": "tcp://127.0.0.1:1"}});
    let error = engine.send_test(CONFIG, &closed).await.unwrap_err().to_string();
    assert!(error.contains("refused"), "{error}");
    let error = engine.send_test(config, &closed).await.unwrap_err().to_string();
    assert!(error.ends_with("no connection, or no answer; the server's log says more"), "{error}");
}
