//! `vedette sensors`.

use super::address::part;
use super::pages::List;
use super::{id, number, text, time};
use crate::arguments::{Listing, Node, SensorCertificate, SensorRevoke, SensorShow};
use crate::client::Client;
use crate::findings::form::Columns;
use crate::findings::print;
use crate::inert::{line, lines};
use crate::private_file::{PrivateFile, save_public};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::Path;

const COLUMNS: Columns = Columns {
    header: &["CLUSTER", "NODE", "LAST SEEN", "VERSION", "KERNEL", "PROBES", "LOST LATELY", "SPOOL"],
    row: |sensor| {
        let probes = match sensor["probesLoaded"].as_bool() {
            Some(true) => "attached",
            _ => "NOT ATTACHED",
        };
        let [cluster, node, version, kernel] =
            ["cluster", "node", "sensorVersion", "kernel"].map(|field| text(sensor, field));
        let [lost, spool] = ["lostLately", "spoolBytes"].map(|field| number(sensor, field));
        Ok(vec![cluster, node, time(sensor, "receivedAt"), version, kernel, probes.to_owned(), lost, spool])
    },
};

const REVOKED: Columns = Columns {
    header: &["FINGERPRINT OR NODE", "REVOKED", "BY", "REASON"],
    row: |revoked| {
        let [by, reason] = ["revokedBy", "reason"].map(|field| text(revoked, field));
        Ok(vec![what(revoked), time(revoked, "createTime"), by, reason])
    },
};

/// One certificate, or a node.
fn what(revoked: &Value) -> String {
    let node = text(revoked, "node");
    if node.is_empty() { id(revoked) } else { node }
}

fn path(node: &Node) -> String {
    format!("sensors/{}/{}", part(&node.cluster), part(&node.node))
}

pub(super) fn list(options: &Listing) -> Result<()> {
    listed(options, "sensors", "sensors", COLUMNS)
}

pub(super) fn list_revoked(options: &Listing) -> Result<()> {
    listed(options, "revokedCertificates", "revoked certificates", REVOKED)
}

fn listed(options: &Listing, field: &'static str, noun: &'static str, columns: Columns) -> Result<()> {
    let client = Client::new(&options.at.server.url)?;
    let list = List {
        path: format!("/v2/{}/{field}", options.at.parent),
        query: &[],
        field,
        noun,
        limit: options.limit,
        form: &options.form.output,
        columns,
    };
    list.print(&client)
}

pub(super) fn show(options: &SensorShow) -> Result<()> {
    let client = Client::new(&options.at.server.url)?;
    let sensor = client.read(&format!("/v2/{}/{}", options.at.parent, path(&options.node)), &[])?;
    print(&sensor, options.output)
}

pub(super) fn certificate(options: &SensorCertificate) -> Result<()> {
    let client = Client::new(&options.server.url)?;
    // before anything is asked: a certificate whose key cannot be saved is of no use
    let file = PrivateFile::create(&options.output, options.overwrite)?;
    let asked = json!({"lifeSeconds": options.life.to_string()});
    let issued =
        client.post(&format!("/v2/organizations/-/{}:issueCertificate", path(&options.node)), &asked)?;
    let of = |field: &str| {
        let found = issued[field].as_str().filter(|text| !text.is_empty());
        found.with_context(|| format!("the server's answer has no {field}; nothing was saved"))
    };
    let (certificate, key, authority) = (of("certificate")?, of("privateKey")?, of("authority")?);
    let fingerprint = line(of("fingerprint")?);
    file.finish(format!("{certificate}{key}").as_bytes()).with_context(|| {
        format!(
            "the certificate was made and is not saved; revoke it with `vedette sensors revoke {fingerprint}`"
        )
    })?;
    match options.authority_out.as_deref() {
        Some(out) if out == Path::new("-") => {
            let mut out = io::stdout().lock();
            write!(out, "{}", lines(authority))?;
            out.flush()?;
        }
        Some(out) => save_public(out, authority.as_bytes())?,
        None => {}
    }
    eprintln!(
        "certificate of {}/{} until {}, fingerprint {}; saved with its key in {}",
        line(&options.node.cluster),
        line(&options.node.node),
        line(&time(&issued, "expireTime")),
        fingerprint,
        options.output.display()
    );
    Ok(())
}

pub(super) fn revoke(options: &SensorRevoke) -> Result<()> {
    let client = Client::new(&options.server.url)?;
    let path = "/v2/organizations/-/revokedCertificates";
    let what = &options.what;
    let is_node = what.contains('/');
    if options.undo {
        anyhow::ensure!(
            !is_node,
            "certificates of a node stay revoked; make it a new one with `vedette sensors certificate {}`",
            line(what)
        );
        client.delete(&format!("{path}/{}", part(&what.replace(':', ""))))?;
        eprintln!("the certificate counts again");
        return Ok(());
    }
    let field = if is_node { "node" } else { "fingerprint" };
    let revoked: Value = client.post(path, &json!({field: what, "reason": options.reason}))?;
    if is_node {
        let until = line(&time(&revoked, "issuedUntil"));
        eprintln!("the certificates that {} was given until {until} are revoked", line(what));
    } else {
        eprintln!("the certificate {} is revoked", line(&text(&revoked, "fingerprint")));
    }
    Ok(())
}
