//! Delivery: once, in order, again after a failure, again after a restart.

use std::collections::BTreeSet;
use std::time::Duration;

use finding::{Severity, State};
use notifications::{Counts, Output, Replayed, SendError, signature};
use serde_json::json;
use store::{DocumentKind, DocumentStore, FindingStore};

use crate::receiver::{CONFIG, Receiver, Reply, World, numbered, ok, settings, until};

fn numbers(receiver: &Receiver) -> Vec<i64> {
    receiver.seen().iter().map(|request| request.number()).collect()
}

#[tokio::test]
async fn what_matches_is_delivered_signed_and_in_order() {
    let world = World::new().await;
    let receiver = Receiver::start(|_, _| ok()).await;
    world.fill(0..3).await;
    let filter = "NOT severity=\"LOW\"";
    world.config(CONFIG, json!({"pubsubTopic": receiver.url, "streamingConfig": {"filter": filter}, "vedette": {"secret": "hook"}})).await;
    let engine = world.engine(settings("a"));
    for n in 3..13 {
        let mut item = numbered(n);
        item.finding.severity = if n % 2 == 0 { Severity::Low } else { Severity::High };
        world.put(&item, 1).await;
    }
    let seen = receiver.wait_for(5).await;
    assert_eq!(
        numbers(&receiver),
        [3, 5, 7, 9, 11],
        "neither what was before the config nor what does not match"
    );
    for request in &seen {
        let (id, seconds) =
            (request.header("webhook-id"), request.header("webhook-timestamp").parse().unwrap());
        let signed = signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &id, seconds, &request.body);
        assert_eq!(request.header("webhook-signature"), signed);
        assert_eq!(request.json()["notificationConfigName"], CONFIG);
    }
    let ids: BTreeSet<_> = seen.iter().map(|request| request.header("webhook-id")).collect();
    assert_eq!(ids.len(), 5);
    until(|| engine.counts()[CONFIG].delivered == 5).await;
    engine.stop().await;
}

#[tokio::test]
async fn a_failure_is_repeated_under_the_same_id() {
    let world = World::new().await;
    let receiver = Receiver::start(|before, _| match before {
        0 => Reply::Answer("503 Away", "retry-after: 0\r\n".into()),
        1 => Reply::Answer("429 Slow down", String::new()),
        2 => Reply::Endless,
        _ => ok(),
    })
    .await;
    world.config(CONFIG, json!({"pubsubTopic": receiver.url})).await;
    let engine = world.engine(settings("a"));
    world.fill(0..2).await;
    let seen = receiver.wait_for(5).await;
    let ids: Vec<_> = seen.iter().map(|request| request.header("webhook-id")).collect();
    assert!(ids[..4].iter().all(|id| *id == ids[0]) && ids[4] != ids[0], "{ids:?}");
    until(|| engine.counts()[CONFIG] == Counts { delivered: 2, retried: 3, dead: 0, waiting: 0 }).await;
}

#[tokio::test]
async fn what_cannot_be_delivered_is_set_aside_and_sent_again_when_asked() {
    let world = World::new().await;
    let elsewhere = Receiver::start(|_, _| ok()).await;
    let target = elsewhere.url.clone();
    let receiver = Receiver::start(move |before, _| match before {
        0 => Reply::Answer("400 Bad Request", "content-length: 14\r\n\r\nno such field!".into()),
        1 => Reply::Answer("307 Elsewhere", format!("location: {target}\r\n")),
        2..=5 => Reply::Answer("500 Oops", String::new()),
        _ => ok(),
    })
    .await;
    world.config(CONFIG, json!({"pubsubTopic": receiver.url})).await;
    let engine = world.engine(settings("a"));
    world.fill(0..4).await;
    receiver.wait_for(7).await;
    assert_eq!(
        numbers(&receiver),
        [0, 1, 2, 2, 2, 2, 3],
        "only the server's errors are repeated; then it goes on"
    );
    until(|| engine.counts()[CONFIG] == Counts { delivered: 1, retried: 3, dead: 3, waiting: 0 }).await;
    assert_eq!(elsewhere.seen().len(), 0, "redirects are not followed");
    let letters = engine.dead_letters(CONFIG).await.unwrap();
    let reasons: Vec<_> = letters.iter().map(|letter| letter.body["reason"].as_str().unwrap()).collect();
    assert!(reasons[0].contains("400") && reasons[0].contains("no such field!"), "{reasons:?}");
    assert!(reasons[1].contains("redirect") && reasons[2].contains("500"), "{reasons:?}");
    let ids: Vec<_> = letters.iter().map(|letter| letter.body["id"].as_str().unwrap().to_owned()).collect();

    let nothing = Duration::ZERO;
    let none = engine.replay(CONFIG, nothing).await.unwrap();
    assert_eq!(none, Replayed { delivered: 0, remaining: 3, stopped: None }, "there was no time for one");
    let all = engine.replay(CONFIG, Duration::from_secs(60)).await.unwrap();
    assert_eq!(all, Replayed { delivered: 3, remaining: 0, stopped: None });
    let again: Vec<_> = receiver.seen()[7..].iter().map(|request| request.header("webhook-id")).collect();
    assert_eq!(again, ids);
    assert_eq!(engine.dead_letters(CONFIG).await.unwrap(), []);
    assert!(matches!(
        engine.replay("organizations/-/notificationConfigs/none", nothing).await,
        Err(SendError::Unknown { .. })
    ));
}

#[tokio::test]
async fn of_many_who_send_dead_letters_again_one_at_a_time_is_served() {
    let world = World::new().await;
    let receiver = Receiver::start(|before, _| match before {
        0..=2 => Reply::Answer("410 Gone", String::new()),
        _ => ok(),
    })
    .await;
    world.config(CONFIG, json!({"pubsubTopic": receiver.url})).await;
    let (one, two) = (world.engine(settings("one")), world.engine(settings("two")));
    world.fill(0..3).await;
    receiver.wait_for(3).await;
    let set_aside = || {
        let dead = |engine: &notifications::Notifications| engine.counts().get(CONFIG).map_or(0, |c| c.dead);
        dead(&one) + dead(&two)
    };
    until(|| set_aside() == 3).await;
    let minute = Duration::from_secs(60);
    let (a, b, c, d) = tokio::join!(
        one.replay(CONFIG, minute),
        one.replay(CONFIG, minute),
        two.replay(CONFIG, minute),
        two.replay(CONFIG, minute)
    );
    let mut delivered = 0;
    for answer in [a, b, c, d] {
        match answer {
            Ok(replayed) => delivered += replayed.delivered,
            Err(error) => assert!(matches!(error, SendError::Busy { .. }), "{error}"),
        }
    }
    assert_eq!((delivered, numbers(&receiver)[3..].to_vec()), (3, vec![0, 1, 2]), "each once");
    // one that broke off holds it until its lease is over, however it is called
    let name = format!("notifications/{CONFIG}/replay");
    let time = finding::Timestamp::from_nanos;
    assert!(world.store.lease(&name, "one", time(i64::MAX - 1), time(i64::MAX)).await.unwrap());
    assert!(matches!(one.replay(CONFIG, minute).await, Err(SendError::Busy { .. })));
    world.store.lease(&name, "one", time(0), time(0)).await.unwrap();
    assert!(two.replay(CONFIG, minute).await.is_ok());
}

#[tokio::test]
async fn of_too_many_dead_letters_the_oldest_go() {
    let world = World::new().await;
    let receiver = Receiver::start(|_, _| Reply::Answer("410 Gone", String::new())).await;
    world.config(CONFIG, json!({"pubsubTopic": receiver.url})).await;
    let mut settings = settings("a");
    settings.letters = 2;
    let engine = world.engine(settings);
    world.fill(0..5).await;
    until(|| engine.counts().get(CONFIG).is_some_and(|counts| counts.dead == 5)).await;
    let letters = engine.dead_letters(CONFIG).await.unwrap();
    let last = |text: &str| text[text.len() - 1..].to_owned();
    let kept: Vec<_> = letters.iter().map(|letter| last(letter.body["finding"].as_str().unwrap())).collect();
    assert_eq!(kept, ["3", "4"]);
    let again = engine.replay(CONFIG, Duration::from_secs(60)).await.unwrap();
    assert_eq!((again.delivered, again.remaining), (0, 2));
    assert!(again.stopped.as_deref().is_some_and(|reason| reason.contains("410")), "{again:?}");
}

#[tokio::test]
async fn a_slow_output_delays_no_other() {
    let world = World::new().await;
    let slow = Receiver::start(|_, _| Reply::Hang).await;
    let quick = Receiver::start(|_, _| ok()).await;
    world.config("organizations/-/notificationConfigs/slow", json!({"pubsubTopic": slow.url})).await;
    world.config("organizations/-/notificationConfigs/wrong", json!({"pubsubTopic": "ftp://h"})).await;
    world.config(CONFIG, json!({"pubsubTopic": quick.url})).await;
    let engine = world.engine(settings("a"));
    world.fill(0..50).await;
    quick.wait_for(50).await;
    assert_eq!(slow.wait_for(1).await.len(), 1, "its first message still hangs");
    engine.stop().await;
}

#[tokio::test]
async fn nothing_is_lost_when_the_engine_stops_in_the_middle() {
    let world = World::new().await;
    let receiver = Receiver::start(|before, _| if before % 7 == 3 { Reply::Hang } else { ok() }).await;
    world.config(CONFIG, json!({"pubsubTopic": receiver.url})).await;
    for round in 0..8 {
        let mut settings = settings(&format!("server-{round}"));
        settings.timeout = std::time::Duration::from_millis(300);
        let engine = world.engine(settings);
        world.fill(round * 10..round * 10 + 10).await;
        let so_far = receiver.seen().len();
        receiver.wait_for(so_far + 3).await;
        if round % 2 == 0 {
            engine.stop().await;
        } else {
            // As by a crash, except that its name comes back: another server would have to wait for the lease.
            drop(engine);
            world
                .store
                .lease(
                    &format!("notifications/{CONFIG}"),
                    &format!("server-{round}"),
                    finding::Timestamp::from_nanos(0),
                    finding::Timestamp::from_nanos(0),
                )
                .await
                .unwrap();
        }
    }
    let mut settings = settings("last");
    settings.timeout = std::time::Duration::from_millis(300);
    let engine = world.engine(settings);
    until(|| numbers(&receiver).into_iter().collect::<BTreeSet<_>>() == (0..80).collect()).await;
    let mut ids = std::collections::BTreeMap::new();
    let mut newest = -1;
    for request in receiver.seen() {
        let (number, id) = (request.number(), request.header("webhook-id"));
        assert_eq!(*ids.entry(number).or_insert(id.clone()), id, "the same change has the same id");
        assert!(number == newest || number == newest + 1, "{number} after {newest}");
        newest = number;
    }
    engine.stop().await;
}

#[tokio::test]
async fn of_two_servers_one_delivers() {
    let world = World::new().await;
    let receiver = Receiver::start(|_, _| ok()).await;
    world.config(CONFIG, json!({"pubsubTopic": receiver.url})).await;
    let (one, two) = (world.engine(settings("one")), world.engine(settings("two")));
    world.fill(0..30).await;
    let delivered =
        || [&one, &two].map(|engine| engine.counts().get(CONFIG).map_or(0, |counts| counts.delivered));
    until(|| delivered().iter().sum::<u64>() == 30).await;
    assert!(delivered().contains(&0), "{:?}", delivered());
    assert_eq!(numbers(&receiver), (0..30).collect::<Vec<_>>());
    // When the one that delivers goes, the other takes over.
    let (goes, stays) = if delivered()[0] == 30 { (one, two) } else { (two, one) };
    goes.stop().await;
    world.fill(30..40).await;
    receiver.wait_for(40).await;
    assert_eq!(numbers(&receiver), (0..40).collect::<Vec<_>>());
    stays.stop().await;
}

#[tokio::test]
async fn a_config_that_changes_counts_at_once_and_one_that_goes_is_quiet() {
    let world = World::new().await;
    let (first, second) = (Receiver::start(|_, _| ok()).await, Receiver::start(|_, _| ok()).await);
    world.config(CONFIG, json!({"pubsubTopic": first.url})).await;
    let engine = world.engine(settings("a"));
    world.fill(0..2).await;
    first.wait_for(2).await;
    world.config(CONFIG, json!({"pubsubTopic": second.url})).await;
    let mut next = 2;
    while second.seen().is_empty() {
        world.fill(next..next + 1).await;
        next += 1;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    until(|| first.seen().len() + second.seen().len() == next as usize).await;
    assert_eq!([numbers(&first), numbers(&second)].concat(), (0..next).collect::<Vec<_>>());
    let before = second.seen().len();
    world.store.remove_document(DocumentKind::NotificationConfig, CONFIG).await.unwrap();
    until(|| !engine.counts().contains_key(CONFIG)).await;
    world.fill(next..next + 2).await;
    // Made anew under its old name, it tells what changed since, not since the old one went.
    world.config(CONFIG, json!({"pubsubTopic": second.url})).await;
    world.fill(next + 2..next + 3).await;
    second.wait_for(before + 1).await;
    assert_eq!(numbers(&second)[before..], [next + 2]);
}

#[tokio::test]
async fn metadata_addresses_are_out_of_reach() {
    let world = World::new().await;
    let engine = world.engine(settings("a"));
    let body = |url: &str| json!({"vedette": {"kind": "falcosidekick", "url": url}});
    for url in [
        "http://169.254.169.254/latest",
        "http://2852039166/",
        "http://[::ffff:169.254.169.254]/",
        "https://0.0.0.0/",
    ] {
        let error = engine.send_test(CONFIG, &body(url)).await.unwrap_err();
        assert!(error.to_string().contains("metadata address"), "{url}: {error}");
    }
    let syslog = json!({"vedette": {"kind": "syslog", "url": "udp://169.254.169.254:514"}});
    let error = engine.send_test(CONFIG, &syslog).await.unwrap_err().to_string();
    assert!(error.contains("metadata address"), "{error}");
}

#[tokio::test]
async fn a_test_message_says_what_went_wrong() {
    let world = World::new().await;
    let engine = world.engine(settings("a"));
    let receiver =
        Receiver::start(
            |before, _| if before == 0 { ok() } else { Reply::Answer("404 Not Found", String::new()) },
        )
        .await;
    let body = json!({"pubsubTopic": receiver.url});
    engine.send_test(CONFIG, &body).await.unwrap();
    assert_eq!(receiver.seen()[0].json()["finding"]["category"], "Test: Notification");
    let error = engine.send_test(CONFIG, &body).await.unwrap_err().to_string();
    assert!(error.contains(CONFIG) && error.contains("404"), "{error}");
    let error = engine
        .send_test(CONFIG, &json!({"pubsubTopic": receiver.url, "vedette": {"secret": "x"}}))
        .await
        .unwrap_err();
    assert!(matches!(&error, SendError::Output(error) if error.field == "vedette.secret"), "{error}");
    let error = engine.send_test(CONFIG, &json!({"pubsubTopic": "projects/p/topics/t"})).await.unwrap_err();
    assert!(matches!(&error, SendError::Output(error) if error.field == "pubsubTopic"), "{error}");
    assert!(Output::parse(CONFIG, &body).is_ok());
}

#[tokio::test]
async fn a_closed_finding_is_told_as_it_is_now() {
    let world = World::new().await;
    let receiver = Receiver::start(|_, _| ok()).await;
    world.config(CONFIG, json!({"pubsubTopic": receiver.url, "vedette": {"shape": "ocsf"}})).await;
    world.fill(0..1).await;
    let close = |item: &mut finding::FindingResource| {
        item.finding.state = State::Inactive;
        Ok(())
    };
    let engine = world.engine(settings("a"));
    receiver.wait_for(1).await;
    world
        .store
        .amend(&store::contract::name(0), Box::new(close), numbered(0).finding.event_time.unwrap())
        .await
        .unwrap();
    // The edit's time lies before the config's: what counts as old is not told.
    world
        .store
        .amend(
            &store::contract::name(0),
            Box::new(|item: &mut finding::FindingResource| {
                item.finding.security_marks.marks.insert("a".into(), "b".into());
                Ok(())
            }),
            finding::Timestamp::from_nanos(i64::MAX - 1),
        )
        .await
        .unwrap();
    let seen = receiver.wait_for(2).await;
    assert_eq!((&seen[0].json()["type_uid"], &seen[1].json()["type_uid"]), (&json!(200401), &json!(200403)));
    engine.stop().await;
}
