//! What a user changes of findings.

use crate::arguments::{BulkMute, BulkState, ListMarks, Mute, SetMute, ShowForm, State, Update, UpdateMarks};
use crate::client::Client;
use crate::encoding;
use crate::findings::lookup;
use anyhow::{Result, ensure};
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

pub(crate) fn update(options: &Update) -> Result<()> {
    let client = Client::new(&options.server.url)?;
    let name = lookup::name(&lookup::finding(&client, &options.name)?)?;
    let mut body = Map::new();
    let mut mask: Vec<String> = Vec::new();
    if !options.source_properties.is_empty() {
        let properties = options.source_properties.iter();
        let properties: Map<String, Value> =
            properties.map(|(key, value)| (key.clone(), Value::from(value.clone()))).collect();
        mask.extend(properties.keys().map(|key| format!("source_properties.{key}")));
        body.insert("sourceProperties".into(), properties.into());
    }
    if let Some(time) = options.event_time {
        mask.push("event_time".into());
        body.insert("eventTime".into(), time.to_string().into());
    }
    if let Some(uri) = &options.external_uri {
        mask.push("external_uri".into());
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
    }
    print(&answer, options.output)
}

pub(crate) fn set_mute(options: &SetMute) -> Result<()> {
    let client = Client::new(&options.server.url)?;
    let name = lookup::name(&lookup::finding(&client, &options.name)?)?;
    let mute = match options.mute {
        Mute::Muted => "MUTED",
        Mute::Unmuted => "UNMUTED",
        Mute::Undefined => "UNDEFINED",
    };
    print(&client.post(&format!("/v2/{name}:setMute"), &json!({ "mute": mute }))?, options.output)
}

pub(crate) fn bulk_mute(options: &BulkMute) -> Result<()> {
    let client = Client::new(&options.server.url)?;
    let state = match options.mute_state {
        BulkState::Muted => "MUTED",
        BulkState::Undefined => "UNDEFINED",
    };
    let question = json!({"filter": options.filter, "muteState": state});
    let path = format!("/v2/{}/findings:bulkMute", options.parent.trim_matches('/'));
    let answer = client.post(&path, &question)?;
    print(&answer, ShowForm::Yaml)
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
    print(
        &client.patch(&format!("/v2/{name}/securityMarks"), &mask, &json!({ "marks": marks }))?,
        options.output,
    )
}
