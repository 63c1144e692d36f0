//! `POST /v2/{scope}/serviceAccounts/{account}/keys`: a new key of a service account. Its answer holds the key file, Base64 in
//! `privateKeyData` as Google's IAM API has it, and nothing else ever does.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::administration::{Credential, contains, new_credential, organization, present, written_bindings};
use crate::call::{Answer, Call};
use crate::endpoint::account_keys_list;
use crate::error::ApiError;

pub(crate) async fn answer(call: Call) -> Result<Answer, ApiError> {
    let scope = organization(&call)?;
    let credentials = present(&call.service.administration.credentials, "keys of service accounts")?;
    let new = new_credential(&call, &scope)?;
    let account = call.target.names.get("account");
    let others = credentials
        .keys()
        .await?
        .into_iter()
        .filter(|key| key.account.as_deref().and_then(|email| email.split('@').next()) == Some(account));
    let reaches = |key: &Credential| {
        key.bindings.iter().all(|binding| contains(&call.service, &scope, binding.parent.as_deref()))
    };
    // the audit log tells accounts apart, not their keys
    if !others.into_iter().all(|key| reaches(&key)) {
        let reason =
            format!("the account {account:?} is one that {scope} does not administer; choose another name");
        return Err(ApiError::invalid("account", &reason));
    }
    let (key, file) = credentials.create_key(account, new).await?;
    let mut written = account_keys_list::written(&scope.to_string(), &key);
    let note = [
        ("serviceAccount", Value::from(key.account)),
        ("key", key.id.into()),
        ("bindings", written_bindings(&key.bindings)),
    ];
    written["privateKeyType"] = "TYPE_GOOGLE_CREDENTIALS_FILE".into();
    written["privateKeyData"] = STANDARD.encode(format!("{file:#}\n")).into();
    Ok(Answer::Noted(written, Map::from_iter(note.map(|(key, value)| (key.to_owned(), value)))))
}
