//! Notification configs that cannot work are refused when they are made.

use serde_json::{Value, json};

use super::stage::Stage;

const SHOP: &str = "/v2/projects/shop/locations/global/notificationConfigs";
const ALL: &str = "/v2/organizations/1/locations/global/notificationConfigs";

#[test]
fn what_cannot_work_is_refused_by_its_field() {
    let secrets = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(secrets.path().join("projects/shop")).unwrap();
    for (name, text) in
        [("all", "s"), ("projects/shop/own", "s"), ("projects/shop/inside", "https://10.0.0.1/x")]
    {
        std::fs::write(secrets.path().join(name), text).unwrap();
    }
    let stage = Stage::start(&format!("outputs: {{secrets: {}}}\n", secrets.path().display()));
    let good = json!({"pubsubTopic": "https://203.0.113.1/x", "vedette": {"secret": "own"}});
    let (status, said) = stage.send("POST", &format!("{SHOP}?configId=good"), &good);
    assert_eq!(status, 200, "{said}");

    let url = |kind: &str, url: &str| json!({"vedette": {"kind": kind, "url": url}});
    for (parent, body, field) in [
        (SHOP, json!({"pubsubTopic": "https://"}), "pubsubTopic"),
        (SHOP, json!({"pubsubTopic": "https://203.0.113.1", "vedette": {"shape": "xml"}}), "vedette.shape"),
        (SHOP, json!({"pubsubTopic": "https://203.0.113.1", "vedette": {"secret": "all"}}), "vedette.secret"),
        (SHOP, json!({"vedette": {"kind": "slack", "secret": "none"}}), "vedette.secret"),
        (SHOP, json!({"vedette": {"kind": "slack", "secret": "own"}}), "vedette.secret"),
        (ALL, json!({"pubsubTopic": "https://203.0.113.1", "vedette": {"secret": "own"}}), "vedette.secret"),
        (
            SHOP,
            json!({"pubsubTopic": "https://203.0.113.1", "streamingConfig": {"filter": "nothing = 1"}}),
            "streamingConfig.filter",
        ),
        (SHOP, json!({"pubsubTopic": "projects/shop/topics/t"}), "pubsubTopic"),
        (SHOP, json!({"pubsubTopic": "https://169.254.169.254/x"}), "pubsubTopic"),
        (ALL, json!({"pubsubTopic": "https://[::ffff:169.254.169.254]/x"}), "pubsubTopic"),
        (SHOP, json!({"pubsubTopic": "http://127.0.0.1/x"}), "pubsubTopic"),
        (SHOP, url("webhook", "https://2130706433/x"), "vedette.url"),
        (SHOP, url("syslog", "udp://10.0.0.1:514"), "vedette.url"),
        (ALL, url("syslog", "tcp://169.254.0.1:514"), "vedette.url"),
        (SHOP, url("nats", "nats://[::1]:4222"), "vedette.url"),
        (SHOP, url("alertmanager", "http://127.0.0.1:9093"), "vedette.url"),
    ] {
        let (status, said) = stage.send("POST", &format!("{parent}?configId=bad"), &body);
        assert_refused(status, &said, field, &body);
        if parent == SHOP {
            let (status, said) = stage.send("PATCH", &format!("{SHOP}/good"), &body);
            assert_refused(status, &said, field, &body);
        }
    }
    let (_, kept) =
        stage.send("PATCH", &format!("{SHOP}/good?updateMask=description"), &json!({"description": "d"}));
    assert_eq!((&kept["pubsubTopic"], &kept["vedette"]["secret"]), (&good["pubsubTopic"], &json!("own")));

    // what only the network knows is told by a test; whose URL is the operator's secret, the operator has said where it leads
    let unknown = json!({"pubsubTopic": "https://nothing.invalid/x"});
    assert_eq!(stage.send("POST", &format!("{ALL}?configId=unknown"), &unknown).0, 200);
    let (status, said) = stage.send("POST", &format!("{ALL}/unknown:test"), &json!({}));
    assert_eq!((status, &said["error"]["status"]), (400, &json!("FAILED_PRECONDITION")), "{said}");
    let secret = json!({"vedette": {"kind": "slack", "secret": "inside"}});
    assert_eq!(stage.send("POST", &format!("{SHOP}?configId=secret"), &secret).0, 200);
}

fn assert_refused(status: u16, said: &Value, field: &str, body: &Value) {
    assert_eq!((status, &said["error"]["status"]), (400, &json!("INVALID_ARGUMENT")), "{body}: {said}");
    let violation = &said["error"]["details"][0]["fieldViolations"][0];
    assert_eq!(violation["field"], format!("notificationConfig.{field}"), "{body}: {said}");
    assert!(!violation["description"].as_str().unwrap().is_empty());
}
