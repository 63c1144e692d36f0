//! Each kind of output against what receives it.

use std::time::Duration;

use finding::{State, Timestamp};
use serde_json::{Value, json};
use store::FindingStore;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, UdpSocket};

use crate::receiver::{CONFIG, Receiver, Reply, World, ok, settings};

#[tokio::test]
async fn each_http_kind_posts_its_own_shape() {
    let world = World::new().await;
    let receiver = Receiver::start(|_, _| ok()).await;
    let mut settings = settings("a");
    settings.pubsub_push = Some(format!("{}/push", receiver.url));
    settings.secrets.insert("organizations/-", "bearer", "t0ken");
    settings.secrets.insert("organizations/-", "slack", format!("{}/services/T/B/x", receiver.url));
    let engine = world.engine(settings);
    let send = async |body: Value| {
        engine.send_test(CONFIG, &body).await.unwrap();
        receiver.seen().pop().unwrap()
    };
    let url = receiver.url.as_str();

    let request = send(json!({"vedette": {"kind": "cloudevents", "url": url, "secret": "hook"}})).await;
    assert_eq!(request.header("content-type"), "application/cloudevents+json");
    assert_eq!(request.json()["id"], request.header("webhook-id"));
    assert!(request.header("webhook-signature").starts_with("v1,"));
    assert_eq!(request.json()["data"]["notificationConfigName"], CONFIG);

    let request = send(json!({"vedette": {"kind": "slack", "secret": "slack"}})).await;
    assert_eq!((request.path(), request.header("authorization").as_str()), ("/services/T/B/x", ""));
    assert!(request.json()["text"].is_string() && request.json()["blocks"].is_array());

    let request = send(json!({"vedette": {"kind": "falcosidekick", "url": url, "secret": "bearer"}})).await;
    assert_eq!(request.header("authorization"), "Bearer t0ken");
    assert_eq!(request.json()["rule"], "Test: Notification");

    let request = send(json!({"pubsubTopic": "projects/p/topics/t", "vedette": {"shape": "falco"}})).await;
    assert_eq!(request.path(), "/push");
    let pushed = request.json();
    assert_eq!(pushed["subscription"], "projects/p/subscriptions/t");
    assert!(pushed["message"]["data"].is_string() && pushed["message"]["publishTime"].is_string());

    let request = send(json!({"vedette": {"kind": "alertmanager", "url": url}})).await;
    assert_eq!(request.path(), "/api/v2/alerts");
    assert_eq!(request.json()[0]["labels"]["alertname"], "Test: Notification");
    let request = send(json!({"pubsubTopic": url, "vedette": {"shape": "scc-v1"}})).await;
    assert_eq!(request.json()["finding"]["category"], "Test: Notification");
}

#[tokio::test]
async fn an_alert_is_told_until_it_is_over() {
    let world = World::new().await;
    let receiver = Receiver::start(
        |before, _| if before == 1 { Reply::Answer("500 Oops", String::new()) } else { ok() },
    )
    .await;
    let body = json!({"vedette": {"kind": "alertmanager", "url": receiver.url}, "streamingConfig": {"filter": "state=\"ACTIVE\""}});
    world.config(CONFIG, body).await;
    let mut quick = settings("a");
    quick.repeat = Duration::from_millis(50);
    let engine = world.engine(quick.clone());
    world.fill(0..1).await;
    receiver.wait_for(4).await;
    engine.stop().await;
    let so_far = receiver.seen().len();
    quick.holder = "b".into();
    let engine = world.engine(quick);
    receiver.wait_for(so_far + 2).await;
    let ends = |request: &crate::receiver::Request| {
        request.json()[0]["endsAt"].as_str().unwrap().parse::<Timestamp>().unwrap()
    };
    let seen = receiver.seen();
    assert!(seen.windows(2).all(|two| ends(&two[0]) < ends(&two[1])), "each puts the end off");
    engine.stop().await;
    let so_far = receiver.seen().len();
    let mut slow = settings("c");
    slow.repeat = Duration::from_secs(3_600);
    let engine = world.engine(slow);
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap()
        + Duration::from_secs(3_600);
    let hour = Timestamp::from_nanos(since.as_nanos().try_into().unwrap());
    let close = |item: &mut finding::FindingResource| {
        item.finding.state = State::Inactive;
        Ok(())
    };
    world
        .store
        .amend(&store::contract::name(0), Box::new(close), Timestamp::from_nanos(i64::MAX - 1))
        .await
        .unwrap();
    let seen = receiver.wait_for(so_far + 1).await;
    assert!(ends(seen.last().unwrap()) < hour, "it ends now, not in four hours");
    engine.stop().await;
}

#[tokio::test]
async fn syslog_comes_in_datagrams_and_in_counted_frames() {
    let world = World::new().await;
    let engine = world.engine(settings("a"));
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let url = format!("udp://{}", udp.local_addr().unwrap());
    engine.send_test(CONFIG, &json!({"vedette": {"kind": "syslog", "url": url}})).await.unwrap();
    let mut datagram = [0; 4_096];
    let length = udp.recv(&mut datagram).await.unwrap();
    let line = String::from_utf8(datagram[..length].to_vec()).unwrap();
    assert!(line.starts_with("<133>1 ") && line.contains("category=\"Test: Notification\""), "{line}");

    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("tcp://{}", tcp.local_addr().unwrap());
    let received = tokio::spawn(async move {
        let mut text = String::new();
        tcp.accept().await.unwrap().0.read_to_string(&mut text).await.unwrap();
        text
    });
    let body = json!({"vedette": {"kind": "syslog", "url": url}});
    engine.send_test(CONFIG, &body).await.unwrap();
    let frame = received.await.unwrap();
    let (length, line) = frame.split_once(' ').unwrap();
    assert_eq!((length.parse(), &line[..7]), (Ok(line.len()), "<133>1 "));

    let error = engine.send_test(CONFIG, &body).await.unwrap_err().to_string();
    assert!(error.contains("refused"), "nobody listens any more: {error}");
    let tls = url.replace("tcp", "tls");
    let error =
        engine.send_test(CONFIG, &json!({"vedette": {"kind": "syslog", "url": tls}})).await.unwrap_err();
    assert!(error.to_string().contains("certificate authority"), "{error}");
}
