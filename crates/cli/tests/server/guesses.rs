//! Who guesses tokens waits, and does not fill the log; behind a proxy, others do not wait with him.

use super::stage::Stage;

const LIST: &str = "/v2/organizations/-/sources/-/findings";

fn guess(stage: &Stage, forwarded: &str) -> u16 {
    let headers = [("Authorization", "Bearer vdt_00"), ("X-Forwarded-For", forwarded)];
    stage.get_with(LIST, &headers).0
}

#[test]
fn so_many_refused_tokens_of_one_address_are_lines_of_the_log() {
    let stage = Stage::start("");
    // whoever asks directly chooses no address
    let answers: Vec<u16> = (0..60).map(|n| guess(&stage, &format!("203.0.113.{n}"))).collect();
    assert_eq!(answers.first(), Some(&401));
    assert_eq!(answers.last(), Some(&429));
    let lines = stage.log().matches("was refused").count();
    assert_eq!(lines, answers.iter().filter(|status| **status == 401).count(), "{}", stage.log());
    assert!(lines <= 30, "{lines}");
    stage.good(&["findings", "list"]);
}

#[test]
fn behind_a_proxy_only_who_guesses_waits() {
    let stage = Stage::start("proxies: 1\n");
    // what the asker wrote stands further left than what the proxy appended
    let answers: Vec<u16> = (0..60).map(|n| guess(&stage, &format!("203.0.113.{n}, 192.0.2.1"))).collect();
    assert_eq!((answers[0], answers[59]), (401, 429));
    assert_eq!(guess(&stage, "192.0.2.1"), 429);
    assert_eq!(guess(&stage, "192.0.2.1, 192.0.2.2"), 401, "another one does not wait");
    assert!(stage.log().contains("192.0.2.2 was refused"), "{}", stage.log());
}
