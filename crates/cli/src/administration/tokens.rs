//! `vedette tokens`.

use super::address::part;
use super::pages::List;
use super::{asked, id, roles, text, time};
use crate::arguments::{Listing, TokenCreate, TokenRevoke};
use crate::client::Client;
use crate::findings::form::Columns;
use crate::inert::line;
use anyhow::{Context, Result};
use std::io::{self, Write};

const COLUMNS: Columns = Columns {
    header: &["NAME", "ROLES", "CREATED", "EXPIRES", "LAST USED", "CREATED BY"],
    row: |token| {
        let times = ["createTime", "expireTime", "lastUsedTime"].map(|field| time(token, field));
        let [created, expires, used] = times;
        Ok(vec![id(token), roles(token), created, expires, used, text(token, "createdBy")])
    },
};

/// The token alone on the standard output, for a script; words beside it.
pub(super) fn create(options: &TokenCreate) -> Result<()> {
    let client = Client::new(&options.at.server.url)?;
    let path = format!("/v2/{}/tokens?tokenId={}", options.at.parent, part(&options.name));
    let made = client.post(&path, &asked(&options.granting)?)?;
    let secret = made["token"].as_str().context("the server made a token and did not tell it; revoke it")?;
    let end = match time(&made, "expireTime") {
        end if end.is_empty() => "it counts until it is revoked".to_owned(),
        end => format!("it ends at {end}"),
    };
    eprintln!(
        "token {}: {}; {}. It is shown this once.",
        line(&options.name),
        line(&roles(&made)),
        line(&end)
    );
    let mut out = io::stdout().lock();
    writeln!(out, "{}", line(secret))?;
    out.flush()?;
    Ok(())
}

pub(super) fn list(options: &Listing) -> Result<()> {
    let client = Client::new(&options.at.server.url)?;
    let list = List {
        path: format!("/v2/{}/tokens", options.at.parent),
        query: &[],
        field: "tokens",
        noun: "tokens",
        limit: options.limit,
        form: &options.form.output,
        columns: COLUMNS,
    };
    list.print(&client)
}

pub(super) fn revoke(options: &TokenRevoke) -> Result<()> {
    let client = Client::new(&options.at.server.url)?;
    client.delete(&format!("/v2/{}/tokens/{}", options.at.parent, part(&options.name)))?;
    eprintln!("token {} is revoked; other servers forget it within 5 seconds", line(&options.name));
    Ok(())
}
