//! Metadata servers on loopback: as the clouds' own answer, and as nobody's should.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use cloud::{Cloud, Facts, MetadataServer, Round};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What a server does with a request.
enum Reply {
    /// Status, headers, body.
    Say(u16, String, String),
    Hang,
    /// A body without end.
    Endless,
}

fn ok(body: &str) -> Reply {
    Reply::Say(200, "Metadata-Flavor: Google\r\n".to_owned(), body.to_owned())
}

fn absent() -> Reply {
    refusal(404)
}

fn refusal(status: u16) -> Reply {
    Reply::Say(status, String::new(), "no".to_owned())
}

struct Server {
    address: String,
    /// The head of each request, as it came.
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// `answer` sees `METHOD /path`.
    fn start(mut answer: impl FnMut(&str) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&heads);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let head = head(&mut stream);
                let line = head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
                seen.lock().unwrap().push(head);
                // who asked may have gone
                let _ = reply(&mut stream, answer(&line));
            }
        });
        Self { address, heads }
    }

    fn ask(&self, cloud: Cloud) -> Round {
        MetadataServer::at(cloud, &self.address).ask()
    }

    fn requests(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

fn reply(stream: &mut TcpStream, reply: Reply) -> std::io::Result<()> {
    match reply {
        Reply::Say(status, headers, body) => write!(
            stream,
            "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}",
            body.len()
        ),
        Reply::Hang => stream.read_to_end(&mut Vec::new()).map(drop),
        Reply::Endless => {
            stream.write_all(
                b"HTTP/1.1 200 OK\r\nMetadata-Flavor: Google\r\nTransfer-Encoding: chunked\r\n\r\n",
            )?;
            loop {
                stream.write_all(b"4\r\naaaa\r\n")?;
            }
        }
    }
}

fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

fn said(round: &Round) -> Vec<String> {
    round.ignored.iter().map(ToString::to_string).collect()
}

fn gke(line: &str) -> Reply {
    match line.strip_prefix("GET /computeMetadata/v1/").unwrap_or_default() {
        "project/project-id" => ok("shop-prod"),
        "project/numeric-project-id" => ok("424242"),
        "instance/zone" => ok("projects/424242/zones/europe-west1-b"),
        "instance/id" => ok("5550001112223334445"),
        "instance/name" => ok("gke-shop-pool-1"),
        "instance/attributes/cluster-name" => ok("shop"),
        "instance/attributes/cluster-location" => ok("europe-west1"),
        _ => absent(),
    }
}

fn gke_facts() -> Facts {
    Facts {
        cloud: Some(Cloud::Google),
        project: text("shop-prod"),
        project_number: text("424242"),
        cluster: text("shop"),
        cluster_location: text("europe-west1"),
        region: None,
        zone: text("europe-west1-b"),
        instance_id: text("5550001112223334445"),
        instance_name: text("gke-shop-pool-1"),
    }
}

#[test]
fn google_names_cluster_project_and_location() {
    let server = Server::start(gke);
    let round = server.ask(Cloud::Google);
    assert!(round.failure.is_none() && round.ignored.is_empty(), "{round:?}");
    assert_eq!(round.facts, gke_facts());
    assert_eq!(round.facts.location(), Some("europe-west1"));
    let flavoured = |head: &String| head.to_lowercase().contains("metadata-flavor: google\r\n");
    assert!(server.requests().iter().all(flavoured), "{:?}", server.requests());
}

#[test]
fn a_google_machine_of_no_cluster_is_where_its_zone_is() {
    let server = Server::start(|line| if line.contains("/attributes/") { absent() } else { gke(line) });
    let round = server.ask(Cloud::Google);
    assert!(round.failure.is_none(), "{round:?}");
    assert_eq!((round.facts.cluster.as_deref(), round.facts.location()), (None, Some("europe-west1-b")));
}

#[test]
fn a_zone_is_not_taken_for_the_location_of_a_google_cluster() {
    let server = Server::start(|line| if line.ends_with("-location") { absent() } else { gke(line) });
    let facts = server.ask(Cloud::Google).facts;
    assert_eq!((facts.cluster.as_deref(), facts.location()), (Some("shop"), None));
}

fn ec2(line: &str, tags: &[(&str, &str)]) -> Reply {
    if line == "PUT /latest/api/token" {
        return ok("AQAEAtoken==");
    }
    let path = line.strip_prefix("GET /latest/").unwrap_or_default();
    if path == "dynamic/instance-identity/document" {
        return ok(r#"{"accountId": "123456789012", "region": "eu-west-1", "availabilityZone": "eu-west-1b",
            "instanceId": "i-0af01c0123456789a", "billingProducts": null, "version": "2017-09-30"}"#);
    }
    match path.strip_prefix("meta-data/tags/instance/") {
        Some("") if !tags.is_empty() => ok(&tags.iter().map(|(key, _)| *key).collect::<Vec<_>>().join("\n")),
        Some(tag) => tags.iter().find(|(key, _)| *key == tag).map_or_else(absent, |(_, value)| ok(value)),
        None => absent(),
    }
}

fn eks(tags: &'static [(&'static str, &'static str)]) -> (Round, Vec<String>) {
    let server = Server::start(|line| ec2(line, tags));
    (server.ask(Cloud::Amazon), server.requests())
}

#[test]
fn amazon_names_account_zone_and_machine() {
    let (round, requests) = eks(&[]);
    assert!(round.failure.is_none() && round.ignored.is_empty(), "{round:?}");
    assert_eq!(
        round.facts,
        Facts {
            cloud: Some(Cloud::Amazon),
            project: text("123456789012"),
            region: text("eu-west-1"),
            zone: text("eu-west-1b"),
            instance_id: text("i-0af01c0123456789a"),
            ..Facts::default()
        }
    );
    assert_eq!(round.facts.location(), Some("eu-west-1b"));
    let [token, rest @ ..] = requests.as_slice() else { panic!("nothing was asked") };
    assert!(token.to_lowercase().contains("x-aws-ec2-metadata-token-ttl-seconds: 60\r\n"), "{token}");
    assert!(
        rest.iter().all(|head| head.to_lowercase().contains("x-aws-ec2-metadata-token: aqaeatoken==\r\n"))
    );
}

#[test]
fn the_cluster_on_amazon_comes_from_tags_that_leave_no_doubt() {
    let cluster = |tags| {
        let (round, _) = eks(tags);
        assert!(round.failure.is_none(), "{round:?}");
        (round.facts.cluster.clone(), round.facts.location().map(str::to_owned))
    };
    let shop = (text("shop"), text("eu-west-1"));
    let none = (None, text("eu-west-1b"));
    assert_eq!(cluster(&[("Name", "x"), ("eks:cluster-name", "shop")]), shop);
    assert_eq!(cluster(&[("eks:cluster-name", "mine"), ("aws:eks:cluster-name", "shop")]), shop);
    assert_eq!(cluster(&[("kubernetes.io/cluster/shop", "owned")]), shop);
    assert_eq!(
        cluster(&[("kubernetes.io/cluster/a", "shared"), ("kubernetes.io/cluster/shop", "owned")]),
        shop
    );
    assert_eq!(cluster(&[("kubernetes.io/cluster/a", "owned"), ("kubernetes.io/cluster/b", "owned")]), none);
    assert_eq!(cluster(&[("Name", "x")]), none);
}

#[test]
fn a_token_that_would_break_a_header_is_not_sent_on() {
    let server = Server::start(|_| ok("a\r\nX-Evil: 1"));
    let round = server.ask(Cloud::Amazon);
    assert!(round.facts.is_empty() && round.failure.is_some(), "{round:?}");
    assert_eq!(server.requests().len(), 1);
}

fn azure(group: &'static str) -> (Round, Vec<String>) {
    let server = Server::start(move |line| {
        assert_eq!(line, "GET /metadata/instance?api-version=2021-02-01");
        ok(&format!(
            r#"{{"compute": {{"location": "westeurope", "name": "aks-pool-1", "resourceGroupName": "{group}",
            "subscriptionId": "8d10da13-8125-4ba9-a717-bf7490507b3d", "vmId": "02aab8a4-74ef-476e-8182-f6d2ba4166a6",
            "tagsList": [], "userData": ""}}, "network": {{"interface": []}}}}"#
        ))
    });
    (server.ask(Cloud::Azure), server.requests())
}

#[test]
fn azure_names_subscription_location_and_cluster() {
    let (round, requests) = azure("MC_shop-rg_shop_westeurope");
    assert!(round.failure.is_none() && round.ignored.is_empty(), "{round:?}");
    assert_eq!(
        round.facts,
        Facts {
            cloud: Some(Cloud::Azure),
            project: text("8d10da13-8125-4ba9-a717-bf7490507b3d"),
            cluster: text("shop"),
            region: text("westeurope"),
            instance_id: text("02aab8a4-74ef-476e-8182-f6d2ba4166a6"),
            instance_name: text("aks-pool-1"),
            ..Facts::default()
        }
    );
    assert_eq!(round.facts.location(), Some("westeurope"));
    assert!(requests[0].to_lowercase().contains("\r\nmetadata: true\r\n"), "{requests:?}");
    let (round, _) = azure("MC_my_shop_shop_westeurope");
    assert_eq!((round.facts.cluster.as_deref(), round.facts.location()), (None, Some("westeurope")));
}

#[test]
fn hostile_values_are_ignored_and_their_keys_are_named() {
    for hostile in ["shop\u{1b}[31m", "a b", "../..", "$(reboot)", "a\nb", "größe", &"a".repeat(129)] {
        let value = hostile.to_owned();
        let server =
            Server::start(move |line| if line.ends_with("cluster-name") { ok(&value) } else { gke(line) });
        let round = server.ask(Cloud::Google);
        assert_eq!(round.facts.cluster, None, "{hostile:?}");
        assert_eq!(round.facts.project.as_deref(), Some("shop-prod"));
        let [why] = said(&round).try_into().unwrap();
        assert!(why.starts_with("instance/attributes/cluster-name: ") && !why.contains(hostile), "{why}");
        assert!(round.failure.is_none(), "asking again would not help");
    }
    let (round, _) = eks(&[("eks:cluster-name", "a;b")]);
    assert_eq!((round.facts.cluster.as_deref(), said(&round).len()), (None, 1));
    assert!(said(&round)[0].starts_with("eks:cluster-name: "), "{:?}", said(&round));
    let (round, _) = azure("MC_shop-rg_sh$op_westeurope");
    assert!(round.facts.cluster.is_none() && said(&round)[0].starts_with("resourceGroupName: "), "{round:?}");
}

#[test]
fn a_document_that_is_none_is_ignored() {
    for (cloud, body) in [
        (Cloud::Azure, "<html>"),
        (Cloud::Azure, r#"{"compute": {"location": 7}}"#),
        (Cloud::Azure, r#"{"network": {}}"#),
        (Cloud::Amazon, r#"["123456789012"]"#),
    ] {
        let round = Server::start(|line| ok(if line.starts_with("PUT") { "token" } else { body })).ask(cloud);
        assert!(round.facts.is_empty(), "{body}: {round:?}");
        assert!(said(&round)[0].contains("is not the document"), "{body}: {round:?}");
    }
}

#[test]
fn a_huge_answer_is_not_read_to_its_end() {
    let server =
        Server::start(|line| if line.ends_with("cluster-name") { Reply::Endless } else { gke(line) });
    let round = server.ask(Cloud::Google);
    assert_eq!(round.facts, Facts { cluster: None, ..gke_facts() });
    assert_eq!(said(&round), ["instance/attributes/cluster-name: the answer is longer than 4096 bytes"]);
    let round = Server::start(|_| Reply::Endless).ask(Cloud::Azure);
    assert!(round.facts.is_empty() && said(&round)[0].contains("longer than 262144 bytes"), "{round:?}");
}

#[test]
fn a_server_that_hangs_is_left_after_one_question() {
    let server = Server::start(|_| Reply::Hang);
    let round = server.ask(Cloud::Google);
    assert!(round.facts.is_empty(), "{round:?}");
    let failure = round.failure.unwrap();
    assert!(
        failure.may_pass() && failure.to_string().starts_with("project/project-id: no answer"),
        "{failure}"
    );
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_redirect_leads_nowhere() {
    let elsewhere = Server::start(|_| ok("evil"));
    for cloud in [Cloud::Google, Cloud::Amazon, Cloud::Azure] {
        let header = format!("Metadata-Flavor: Google\r\nLocation: {}/\r\n", elsewhere.address);
        let round = Server::start(move |_| Reply::Say(302, header.clone(), String::new())).ask(cloud);
        assert!(round.facts.is_empty(), "{round:?}");
        assert!(round.failure.unwrap().to_string().contains("status 302"));
    }
    assert!(elsewhere.requests().is_empty(), "{:?}", elsewhere.requests());
}

#[test]
fn another_server_at_the_address_is_not_believed() {
    for header in ["Server: nginx\r\n", "Metadata-Flavor: vanilla\r\n"] {
        let server = Server::start(|_| Reply::Say(200, header.into(), "shop-prod".into()));
        let round = server.ask(Cloud::Google);
        assert!(round.facts.is_empty(), "{round:?}");
        assert!(round.failure.unwrap().to_string().contains("Google Cloud's metadata server"));
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn a_server_that_knows_nothing_is_asked_again() {
    for cloud in [Cloud::Google, Cloud::Amazon, Cloud::Azure] {
        let round = Server::start(|_| absent()).ask(cloud);
        assert!(round.facts.is_empty() && round.failure.is_some(), "{round:?}");
    }
}

#[test]
fn nobody_at_the_address_is_a_failure_that_may_pass() {
    // a port that was free a moment ago
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let failure = MetadataServer::at(Cloud::Amazon, &address).ask().failure.unwrap();
    assert!(failure.may_pass() && failure.to_string().starts_with("api/token: no answer"), "{failure}");
}

#[test]
fn patience_outlasts_a_server_that_comes_up_late() {
    let mut rounds = 0;
    let server = Server::start(move |line| {
        rounds += usize::from(line.ends_with("/project-id"));
        if rounds < 3 { refusal(503) } else { gke(line) }
    });
    let mut pauses = 0;
    let round = MetadataServer::at(Cloud::Google, &server.address).ask_patiently(|_| {
        pauses += 1;
        true
    });
    assert!(round.failure.is_none(), "{round:?}");
    assert_eq!((round.facts, pauses), (gke_facts(), 2));
}

#[test]
fn patience_ends_and_keeps_what_was_said() {
    let server = Server::start(|line| if line.ends_with("cluster-name") { refusal(500) } else { gke(line) });
    let mut pauses = Vec::new();
    let round = MetadataServer::at(Cloud::Google, &server.address).ask_patiently(|pause| {
        pauses.push(pause);
        true
    });
    assert_eq!(round.facts, Facts { cluster: None, ..gke_facts() });
    assert!(round.failure.unwrap().to_string().starts_with("instance/attributes/cluster-name: "));
    assert_eq!(pauses.iter().map(std::time::Duration::as_secs).sum::<u64>(), 31);
}

#[test]
fn nobody_is_asked_once_nobody_wants_to_know() {
    let server = Server::start(|_| refusal(503));
    let round = MetadataServer::at(Cloud::Azure, &server.address).ask_patiently(|_| false);
    assert!(round.failure.is_some());
    assert_eq!(server.requests().len(), 1);
}
