//! `vedette modules`.

use super::{address, text};
use crate::arguments::{ModuleChange, ModulesAt, ModulesList};
use crate::client::Client;
use crate::findings::form::{Columns, Printer};
use crate::inert::line;
use anyhow::Result;
use serde_json::{Map, Value, json};

const STATE: &str = "moduleEnablementState";

const COLUMNS: Columns = Columns {
    header: &["MODULE", "STATE", "SAID HERE"],
    row: |module| Ok(["module", "state", "said"].map(|field| text(module, field)).into()),
};

fn path(at: &ModulesAt) -> String {
    format!("/v1beta2/{}/containerThreatDetectionSettings", address::name(at.place()))
}

fn modules(settings: &mut Value) -> Map<String, Value> {
    match settings["modules"].take() {
        Value::Object(modules) => modules,
        _ => Map::new(),
    }
}

/// What holds there, and whether that is said there or comes from above.
pub(super) fn list(options: &ModulesList) -> Result<()> {
    let client = Client::new(&options.at.server.url)?;
    let path = path(&options.at);
    let said = modules(&mut client.read(&path, &[])?);
    let effective = modules(&mut client.read(&format!("{path}:calculate"), &[])?);
    let here = |name: &str| said.get(name).and_then(|module| module[STATE].as_str()).unwrap_or("INHERITED");
    let items = effective
        .iter()
        .map(|(name, module)| json!({"module": name, "state": module[STATE], "said": here(name)}));
    let mut printer = Printer::to_reader(&options.form.output, COLUMNS);
    printer.print(&items.collect::<Vec<_>>())?;
    printer.finish()?;
    Ok(())
}

/// What is said of the other modules stays.
pub(super) fn change(options: &ModuleChange, state: &str) -> Result<()> {
    let client = Client::new(&options.at.server.url)?;
    let path = path(&options.at);
    let mut modules = modules(&mut client.read(&path, &[])?);
    modules.insert(options.module.clone(), json!({ STATE: state }));
    client.patch(&path, "modules", &json!({ "modules": modules }))?;
    eprintln!(
        "{} is {state} for {}; sensors follow with their next heartbeat",
        line(&options.module),
        line(options.at.place())
    );
    Ok(())
}
