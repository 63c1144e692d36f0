use super::end;
use crate::Ended;
use serde_json::{Map, Value, json};

fn vedette(events: Value) -> Map<String, Value> {
    Map::from_iter([("story".to_owned(), json!({"processes": [], "routes": [], "events": events}))])
}

fn told(vedette: &Map<String, Value>) -> Vec<(&str, &str)> {
    let events = vedette["story"]["events"].as_array().unwrap();
    events.iter().map(|e| (e["kind"].as_str().unwrap(), e["time"].as_str().unwrap())).collect()
}

#[test]
fn the_end_of_a_session_takes_its_place_in_time_once() {
    let at = |second: u8| format!("1970-01-01T00:00:{second:02}Z");
    let mut vedette = vedette(json!([
        {"time": at(1), "kind": "EXEC", "pid": "11", "text": "executed /bin/sh"},
        {"time": at(9), "kind": "EVIDENCE", "pid": null, "text": "took EXECUTABLE: shell: /bin/sh"},
    ]));
    let ended = Ended { at_ns: 3_000_000_000, exactly: true };
    end(&mut vedette, ended);
    let kinds = [("EXEC", at(1)), ("SESSION_END", at(3)), ("EVIDENCE", at(9))];
    assert_eq!(told(&vedette), kinds.each_ref().map(|(kind, time)| (*kind, time.as_str())));
    end(&mut vedette, Ended { at_ns: 10_000_000_000, exactly: false });
    let kinds = [("EXEC", at(1)), ("EVIDENCE", at(9)), ("SESSION_END", at(10))];
    assert_eq!(told(&vedette), kinds.each_ref().map(|(kind, time)| (*kind, time.as_str())));
    assert_eq!(vedette["story"]["events"][2]["text"], "the session had ended by then");
}

#[test]
fn what_somebody_else_wrote_as_a_story_is_left_alone() {
    for story in [json!(7), json!({"events": "none"}), json!({}), Value::Null] {
        let mut vedette = Map::from_iter([("story".to_owned(), story.clone())]);
        end(&mut vedette, Ended { at_ns: 1, exactly: true });
        assert_eq!(vedette["story"], story);
    }
    let mut odd = vedette(json!([7, {"time": "soon", "kind": 1}, {"kind": "EXEC"}]));
    end(&mut odd, Ended { at_ns: 1, exactly: true });
    assert_eq!(odd["story"]["events"].as_array().unwrap().len(), 4);
}
