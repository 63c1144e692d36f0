//! What a user changes of findings.

use crate::arguments::{BulkMute, BulkState, ListMarks, Mute, SetMute, ShowForm, State, Update, UpdateMarks};
use crate::client::Client;
use crate::encoding;
use crate::findings::lookup;
use crate::inert::line;
use anyhow::{Result, bail, ensure};
use finding::{FindingName, Parent};
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// For a terminal.
pub(crate) fn print(value: &Value, form: ShowForm) -> Result<()> {
    let mut out = io::stdout().lock();
    match form {
        ShowForm::Json => writeln!(out, "{}", encoding::json(value))?,
        ShowForm::Yaml | ShowForm::Text => write!(out, "{}", encoding::yaml(value))?,
    }
    out.flush()?;
    Ok(())
}

/// The whole answer where its form was given, else a line: which finding, and what is true of it now.
fn tell(name: &FindingName, changes: &[String], answer: &Value, form: Option<ShowForm>) -> Result<()> {
    if let Some(form) = form {
        return print(answer, form);
    }
    let changes = changes.iter().map(|change| line(change)).collect::<Vec<_>>().join(", ");
    let mut out = io::stdout().lock();
    writeln!(out, "{}: {changes}", line(&name.to_string()))?;
    out.flush()?;
    Ok(())
}

pub(crate) fn update(options: &Update) -> Result<()> {
    let client = Client::new(&options.server.url)?;
    let name = lookup::name(&lookup::finding(&client, &options.name)?)?;
    let mut body = Map::new();
    let mut mask: Vec<String> = Vec::new();
    let mut changes: Vec<String> = Vec::new();
    if !options.source_properties.is_empty() {
        let properties = options.source_properties.iter();
        let properties: Map<String, Value> =
            properties.map(|(key, value)| (key.clone(), Value::from(value.clone()))).collect();
        changes.extend(options.source_properties.iter().map(|(key, value)| format!("{key}={value}")));
        mask.extend(properties.keys().map(|key| format!("source_properties.{key}")));
        body.insert("sourceProperties".into(), properties.into());
    }
    if let Some(time) = options.event_time {
        mask.push("event_time".into());
        changes.push(format!("event time {time}"));
        body.insert("eventTime".into(), time.to_string().into());
    }
    if let Some(uri) = &options.external_uri {
        mask.push("external_uri".into());
        changes.push(format!("external URI {uri}"));
        body.insert("externalUri".into(), uri.clone().into());
    }
    ensure!(
        options.state.is_some() || !mask.is_empty(),
        "nothing to change: give --state, --source-properties, --event-time or --external-uri"
    );
    let mut answer = Value::Null;
    if !mask.is_empty() {
        answer = client.patch(&format!("/v2/{name}"), &mask.join(","), &body.into())?;
    }
    if let Some(state) = options.state {
        let state = match state {
            State::Active => "ACTIVE",
            State::Inactive => "INACTIVE",
        };
        answer = client.post(&format!("/v2/{name}:setState"), &json!({ "state": state }))?;
        changes.push(format!("state {state}"));
    }
    tell(&name, &changes, &answer, options.output)
}

pub(crate) fn set_mute(options: &SetMute) -> Result<()> {
    let client = Client::new(&options.server.url)?;
    let name = lookup::name(&lookup::finding(&client, &options.name)?)?;
    let mute = match options.mute {
        Mute::Muted => "MUTED",
        Mute::Unmuted => "UNMUTED",
        Mute::Undefined => "UNDEFINED",
    };
    let answer = client.post(&format!("/v2/{name}:setMute"), &json!({ "mute": mute }))?;
    // undefined leaves it to the rules: what they say is what counts
    let now = answer["mute"].as_str().unwrap_or(mute);
    tell(&name, &[format!("mute {now}")], &answer, options.output)
}

pub(crate) fn bulk_mute(options: &BulkMute) -> Result<()> {
    let client = Client::new(&options.server.url)?;
    let state = match options.mute_state {
        BulkState::Muted => "MUTED",
        BulkState::Undefined => "UNDEFINED",
    };
    let question = json!({"filter": options.filter, "muteState": state});
    let parent = options.parent.trim_matches('/');
    let count = matching(&client, parent, &options.filter);
    let answer = client.post(&format!("/v2/{parent}/findings:bulkMute"), &question)?;
    if let Some(reason) = answer.pointer("/error/message").and_then(Value::as_str) {
        bail!("not all findings that match are {state}: {reason}");
    }
    let which = match count {
        Some(1) => "1 finding that matches".to_owned(),
        Some(count) => format!("{count} findings that match"),
        None => "all findings that match".to_owned(),
    };
    let end = match answer["done"].as_bool() {
        Some(true) => String::new(),
        _ => format!(" once {} is done", answer["name"].as_str().unwrap_or("it")),
    };
    let mut out = io::stdout().lock();
    writeln!(out, "{}", line(&format!("mute {state}{end}: {which}")))?;
    out.flush()?;
    Ok(())
}

/// How many findings match, as far as this user may know.
fn matching(client: &Client, parent: &str, filter: &str) -> Option<u64> {
    let parent: Parent = match parent.split_once("/locations/") {
        None => format!("{parent}/sources/-"),
        Some((scope, location)) => format!("{scope}/sources/-/locations/{location}"),
    }
    .parse()
    .ok()?;
    client.page(&parent, 1, "", filter, None).ok().filter(|page| !page.total_is_least).map(|page| page.total)
}

pub(crate) fn list_marks(options: &ListMarks) -> Result<()> {
    let client = Client::new(&options.server.url)?;
    let found = lookup::finding(&client, &options.name)?;
    print(found.pointer("/finding/securityMarks").unwrap_or(&json!({})), options.output)
}

pub(crate) fn update_marks(options: &UpdateMarks) -> Result<()> {
    let client = Client::new(&options.server.url)?;
    let name = lookup::name(&lookup::finding(&client, &options.name)?)?;
    let marks = options.security_marks.iter();
    let marks: Map<String, Value> = marks.map(|(key, value)| (key.clone(), value.clone().into())).collect();
    let mask = if options.update_mask.is_empty() {
        ensure!(!marks.is_empty(), "nothing to change: give --security-marks or --update-mask");
        marks.keys().map(|key| format!("marks.{key}")).collect::<Vec<_>>().join(",")
    } else {
        options.update_mask.join(",")
    };
    let answer = client.patch(&format!("/v2/{name}/securityMarks"), &mask, &json!({ "marks": &marks }))?;
    let mut changes: Vec<String> =
        options.security_marks.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let named = mask.split(',').filter_map(|path| path.strip_prefix("marks."));
    changes.extend(named.filter(|key| !marks.contains_key(*key)).map(|key| format!("{key} removed")));
    if changes.is_empty() {
        changes.push("all marks removed".into());
    }
    tell(&name, &changes, &answer, options.output)
}
