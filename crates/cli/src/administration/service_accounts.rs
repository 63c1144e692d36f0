//! `vedette service-accounts`.

use super::address::part;
use super::pages::List;
use super::{asked, id, roles, text, time};
use crate::arguments::{KeyCreate, KeyRevoke, KeysList};
use crate::client::Client;
use crate::findings::form::Columns;
use crate::inert::line;
use crate::private_file::PrivateFile;
use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const COLUMNS: Columns = Columns {
    header: &["ACCOUNT", "KEY", "ROLES", "CREATED", "EXPIRES", "CREATED BY"],
    row: |key| {
        let name = text(key, "name");
        let account = name.split_once("/serviceAccounts/").and_then(|(_, rest)| rest.split('/').next());
        let account = account.unwrap_or_default().to_owned();
        let [created, expires] = ["validAfterTime", "validBeforeTime"].map(|field| time(key, field));
        Ok(vec![account, id(key), roles(key), created, expires, text(key, "createdBy")])
    },
};

pub(super) fn create(options: &KeyCreate) -> Result<()> {
    let client = Client::new(&options.at.server.url)?;
    // before anything is asked: a key that cannot be saved would be lost
    let file = PrivateFile::create(&options.output, options.overwrite)?;
    let path = format!("/v2/{}/serviceAccounts/{}/keys", options.at.parent, part(&options.account));
    let made = client.post(&path, &asked(&options.granting)?)?;
    let key = id(&made);
    let lost = || {
        format!(
            "the key {} was made and is not saved; revoke it with `vedette service-accounts revoke-key`",
            line(&key)
        )
    };
    let bytes =
        made["privateKeyData"].as_str().and_then(|data| STANDARD.decode(data).ok()).with_context(lost)?;
    file.finish(&bytes).with_context(lost)?;
    eprintln!(
        "key {} of {}: {}; saved in {}",
        line(&key),
        line(&options.account),
        line(&roles(&made)),
        options.output.display()
    );
    Ok(())
}

pub(super) fn list(options: &KeysList) -> Result<()> {
    let at = &options.listing.at;
    let client = Client::new(&at.server.url)?;
    let list = List {
        path: format!("/v2/{}/serviceAccounts/{}/keys", at.parent, part(&options.account)),
        query: &[],
        field: "keys",
        noun: "keys of service accounts",
        limit: options.listing.limit,
        form: &options.listing.form.output,
        columns: COLUMNS,
    };
    list.print(&client)
}

pub(super) fn revoke(options: &KeyRevoke) -> Result<()> {
    let client = Client::new(&options.at.server.url)?;
    client.delete(&format!("/v2/{}/serviceAccounts/-/keys/{}", options.at.parent, part(&options.key)))?;
    eprintln!("key {} is revoked, and the access tokens that it was given", line(&options.key));
    Ok(())
}
