//! Commands with which an administrator runs a server: tokens, service accounts, sensors, the audit log, outputs.

mod address;
mod audit;
mod modules;
mod outputs;
mod pages;
mod sensors;
mod service_accounts;
mod tokens;

use crate::arguments::{Audit, Grant, Granting, Modules, Outputs, Sensors, ServiceAccounts, Tokens};
use anyhow::{Context, Result};
use finding::Timestamp;
use serde_json::{Map, Value, json};

pub(crate) fn tokens(command: Tokens) -> Result<()> {
    match command {
        Tokens::Create(options) => tokens::create(&options),
        Tokens::List(options) => tokens::list(&options),
        Tokens::Revoke(options) => tokens::revoke(&options),
    }
}

pub(crate) fn service_accounts(command: ServiceAccounts) -> Result<()> {
    match command {
        ServiceAccounts::CreateKey(options) => service_accounts::create(&options),
        ServiceAccounts::ListKeys(options) => service_accounts::list(&options),
        ServiceAccounts::RevokeKey(options) => service_accounts::revoke(&options),
    }
}

pub(crate) fn sensors(command: Sensors) -> Result<()> {
    match command {
        Sensors::List(options) => sensors::list(&options),
        Sensors::Show(options) => sensors::show(&options),
        Sensors::Certificate(options) => sensors::certificate(&options),
        Sensors::Revoke(options) => sensors::revoke(&options),
        Sensors::ListRevoked(options) => sensors::list_revoked(&options),
    }
}

pub(crate) fn audit(command: Audit) -> Result<()> {
    let Audit::List(options) = command;
    audit::list(&options)
}

pub(crate) fn outputs(command: Outputs) -> Result<()> {
    match command {
        Outputs::List(options) => outputs::list(&options),
        Outputs::Test(options) => outputs::test(&options),
        Outputs::DeadLetters(options) => outputs::dead_letters(&options),
        Outputs::Replay(options) => outputs::replay(&options),
    }
}

pub(crate) fn modules(command: Modules) -> Result<()> {
    match command {
        Modules::List(options) => modules::list(&options),
        Modules::Enable(options) => modules::change(&options, "ENABLED"),
        Modules::Disable(options) => modules::change(&options, "DISABLED"),
        Modules::Inherit(options) => modules::change(&options, "INHERITED"),
    }
}

/// The body that asks for a token or key.
fn asked(granting: &Granting) -> Result<Value> {
    let binding = |grant: &Grant| match &grant.parent {
        None => json!({"role": grant.role}),
        Some(parent) => json!({"role": grant.role, "parent": parent}),
    };
    let bindings: Vec<Value> = granting.role.iter().map(binding).collect();
    let mut body = json!({ "bindings": bindings });
    if let Some(life) = granting.expires {
        let now = host::Clock::read().wall_ns(host::Clock::now_ns());
        let life = i64::try_from(life).ok().and_then(|life| life.checked_mul(1_000_000_000));
        let end = life.and_then(|life| now.checked_add(life)).context("--expires is too far away")?;
        body["expireTime"] = Timestamp::from_nanos(end).to_string().into();
    }
    Ok(body)
}

/// A text of an item; empty when it has none of that name.
fn text(item: &Value, field: &str) -> String {
    item[field].as_str().unwrap_or_default().to_owned()
}

/// A number of an item, which proto3 JSON writes as a text when it is long.
fn number(item: &Value, field: &str) -> String {
    match &item[field] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A time of an item, to the second.
fn time(item: &Value, field: &str) -> String {
    let time = text(item, field);
    time.split_once('.').map_or(time.clone(), |(seconds, _)| format!("{seconds}Z"))
}

/// The last part of an item's name.
fn id(item: &Value) -> String {
    text(item, "name").rsplit('/').next().unwrap_or_default().to_owned()
}

/// `editor, viewer within projects/shop`.
fn roles(item: &Value) -> String {
    let empty = Map::new();
    let words = item["bindings"].as_array().into_iter().flatten().map(|binding| {
        let fields = binding.as_object().unwrap_or(&empty);
        let of = |key: &str| fields.get(key).and_then(Value::as_str).unwrap_or_default();
        match of("parent") {
            "" => of("role").to_owned(),
            parent => format!("{} within {parent}", of("role")),
        }
    });
    words.collect::<Vec<_>>().join(", ")
}
