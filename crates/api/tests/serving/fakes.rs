//! Those who do what administrators ask, in memory: what the real ones do is tested where they are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::{
    Administration, AdministrationError, Answering, Credential, Credentials, DetectorCondition, DetectorCost,
    DetectorFacts, DetectorVerdict, Detectors, IssuedCertificate, NewCredential, NodeCertificates,
    OutputCounts, Outputs, Rehearsal, Replayed, SensorHealth, SensorProblem, SensorState, Sensors,
};
use axum::body::Bytes;
use finding::Timestamp;
use serde_json::{Value, json};

pub(crate) fn administration() -> Administration {
    Administration {
        detectors: Some(Arc::new(Bench)),
        credentials: Some(Arc::new(Kept::default())),
        certificates: Some(Arc::new(Signer)),
        outputs: Some(Arc::new(Sent)),
        sensors: Some(Arc::new(Watching)),
        configuration: Some(Arc::new(json!({"version": "1", "settings": []}))),
    }
}

#[derive(Default)]
struct Kept {
    tokens: Mutex<Vec<Credential>>,
    keys: Mutex<Vec<Credential>>,
}

fn made(id: &str, account: Option<String>, new: NewCredential) -> Credential {
    Credential {
        id: id.to_owned(),
        account,
        bindings: new.bindings,
        create_time: Timestamp::from_nanos(1),
        created_by: new.created_by,
        expire_time: new.expire_time,
        last_used_time: None,
    }
}

fn checked(field: &str, id: &str) -> Result<(), AdministrationError> {
    let fits = (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let wrong = || AdministrationError::Invalid { field: field.into(), reason: "it is no name".into() };
    fits.then_some(()).ok_or_else(wrong)
}

fn removed(all: &Mutex<Vec<Credential>>, id: &str) -> bool {
    let mut all = all.lock().unwrap();
    let before = all.len();
    all.retain(|one| one.id != id);
    all.len() < before
}

impl Credentials for Kept {
    fn tokens(&self) -> Answering<'_, Vec<Credential>> {
        Box::pin(async { Ok(self.tokens.lock().unwrap().clone()) })
    }

    fn create_token<'a>(&'a self, name: &'a str, new: NewCredential) -> Answering<'a, (Credential, String)> {
        Box::pin(async move {
            checked("tokenId", name)?;
            let mut tokens = self.tokens.lock().unwrap();
            if tokens.iter().any(|token| token.id == name) {
                return Err(AdministrationError::Exists { what: format!("a token named {name:?}") });
            }
            let token = made(name, None, new);
            tokens.push(token.clone());
            Ok((token, "the secret".to_owned()))
        })
    }

    fn revoke_token<'a>(&'a self, name: &'a str) -> Answering<'a, bool> {
        Box::pin(async move { Ok(removed(&self.tokens, name)) })
    }

    fn keys(&self) -> Answering<'_, Vec<Credential>> {
        Box::pin(async { Ok(self.keys.lock().unwrap().clone()) })
    }

    fn create_key<'a>(&'a self, account: &'a str, new: NewCredential) -> Answering<'a, (Credential, Value)> {
        Box::pin(async move {
            checked("account", account)?;
            let mut keys = self.keys.lock().unwrap();
            let key = made(&format!("{:040x}", keys.len()), Some(format!("{account}@vedette.local")), new);
            keys.push(key.clone());
            Ok((key, json!({"private_key": "the key"})))
        })
    }

    fn revoke_key<'a>(&'a self, id: &'a str) -> Answering<'a, bool> {
        Box::pin(async move { Ok(removed(&self.keys, id)) })
    }
}

struct Signer;

impl NodeCertificates for Signer {
    fn issue<'a>(
        &'a self,
        cluster: &'a str,
        node: &'a str,
        life: Duration,
    ) -> Answering<'a, IssuedCertificate> {
        Box::pin(async move {
            Ok(IssuedCertificate {
                certificate: format!("{cluster}/{node}"),
                private_key: "the key".into(),
                authority: "the authority".into(),
                fingerprint: "0f".repeat(32),
                not_after: Timestamp::from_nanos(i64::try_from(life.as_nanos()).unwrap()),
            })
        })
    }
}

/// Every sensor that counts something is silent.
struct Watching;

impl Sensors for Watching {
    fn health(&self, stored: &Value, _now: Timestamp) -> Option<SensorHealth> {
        let lost = stored["counters"]["exec"]["in"].as_u64()?;
        let problem = SensorProblem { problem: "It is silent.".into(), advice: "Look at it.".into() };
        Some(SensorHealth {
            state: SensorState::Silent,
            problems: vec![problem],
            lag_ns: 400_000_000,
            lost: BTreeMap::from([("exec".to_owned(), lost)]),
        })
    }
}

struct Sent;

impl Outputs for Sent {
    fn send_test<'a>(&'a self, config: &'a str, body: &'a Value) -> Answering<'a, ()> {
        Box::pin(async move {
            match body["pubsubTopic"].as_str() {
                Some("projects/p/topics/away") => {
                    Err(AdministrationError::Refused { reason: format!("{config} was not delivered: 503") })
                }
                _ => Ok(()),
            }
        })
    }

    fn replay<'a>(&'a self, _: &'a str) -> Answering<'a, Replayed> {
        Box::pin(async { Ok(Replayed { delivered: 2, remaining: 1, stopped: Some("503".into()) }) })
    }

    fn counts(&self) -> BTreeMap<String, OutputCounts> {
        let name = "organizations/1/locations/global/notificationConfigs/n".to_owned();
        BTreeMap::from([(name, OutputCounts { delivered: 5, failed: 4, dead_lettered: 3, waiting: 2 })])
    }
}

struct Bench;

fn verdict(program: Option<(u32, String)>) -> DetectorVerdict {
    let condition =
        DetectorCondition { condition: "It is so".into(), state: "TRUE", reason: "\u{202e}seen".into() };
    DetectorVerdict { module: "REVERSE_SHELL".into(), verdict: "FOUND", conditions: vec![condition], program }
}

impl Detectors for Bench {
    fn catalogue(&self) -> Vec<DetectorFacts> {
        let facts = |module: &str| DetectorFacts {
            module: module.into(),
            severity: "CRITICAL",
            on_by_default: module != "QUIET",
            techniques: vec!["T1059".into()],
            ..DetectorFacts::default()
        };
        ["REVERSE_SHELL", "QUIET"].map(facts).into()
    }

    fn costs(&self) -> Vec<DetectorCost> {
        vec![DetectorCost { module: "REVERSE_SHELL".into(), events: 2, nanos: 1_000 }]
    }

    fn attempt(&self, _: String) -> Answering<'_, Vec<DetectorVerdict>> {
        Box::pin(async { Ok(vec![verdict(None)]) })
    }

    fn rehearse(&self, recording: Bytes) -> Answering<'_, Rehearsal> {
        Box::pin(async move {
            if recording.as_ref() == b"slow" {
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
            let records = u64::try_from(recording.len()).unwrap();
            let verdicts = vec![verdict(Some((7, "sh -i".into())))];
            let refused =
                || AdministrationError::Invalid { field: "body".into(), reason: "no recording".into() };
            if records == 0 {
                Err(refused())
            } else {
                Ok(Rehearsal { records, verdicts, ..Rehearsal::default() })
            }
        })
    }
}
