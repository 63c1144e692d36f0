//! Static tokens and keys of service accounts, as administrators ask for them through the API.

use std::sync::Arc;

use api::{AdministrationError, Answering, Binding, Credential, NewCredential};
use identity::{AdminError, Identity, KeyInfo, NewToken, Role, TokenInfo};
use serde_json::Value;

use crate::now;

/// Those that one [`Identity`] keeps.
pub struct Credentials(Arc<Identity>);

impl Credentials {
    /// Those that it keeps.
    pub const fn new(identity: Arc<Identity>) -> Self {
        Self(identity)
    }
}

impl api::Credentials for Credentials {
    fn tokens(&self) -> Answering<'_, Vec<Credential>> {
        Box::pin(async { Ok(self.0.tokens().await?.into_iter().map(of_token).collect()) })
    }

    fn create_token<'a>(&'a self, name: &'a str, new: NewCredential) -> Answering<'a, (Credential, String)> {
        Box::pin(async move {
            let bindings = bindings(new.bindings)?;
            let (expire_time, created_by) = (new.expire_time, new.created_by);
            let new = NewToken { name: name.to_owned(), bindings, expire_time, created_by };
            let made = self.0.create_token(new, now()).await.map_err(|error| refused(error, "tokenId"))?;
            Ok((of_token(made.info), made.secret))
        })
    }

    fn revoke_token<'a>(&'a self, name: &'a str) -> Answering<'a, bool> {
        Box::pin(async move { Ok(self.0.revoke_token(name).await?) })
    }

    fn keys(&self) -> Answering<'_, Vec<Credential>> {
        Box::pin(async { Ok(self.0.keys().await?.into_iter().map(of_key).collect()) })
    }

    fn create_key<'a>(&'a self, account: &'a str, new: NewCredential) -> Answering<'a, (Credential, Value)> {
        Box::pin(async move {
            let bindings = bindings(new.bindings)?;
            let made = self.0.create_key(account, bindings, new.expire_time, new.created_by, now()).await;
            let made = made.map_err(|error| refused(error, "account"))?;
            Ok((of_key(made.info), made.file))
        })
    }

    fn revoke_key<'a>(&'a self, id: &'a str) -> Answering<'a, bool> {
        Box::pin(async move { Ok(self.0.revoke_key(id).await?) })
    }
}

fn bindings(said: Vec<Binding>) -> Result<Vec<identity::Binding>, AdministrationError> {
    let known = said.into_iter().enumerate().map(|(at, binding)| {
        let role = Role::ALL.iter().copied().find(|role| role.name() == binding.role);
        let role = role.ok_or_else(|| {
            let names: Vec<_> = Role::ALL.iter().map(|role| role.name()).collect();
            let reason = format!("it must be one of {}", names.join(", "));
            AdministrationError::Invalid { field: format!("bindings[{at}].role"), reason }
        })?;
        Ok(identity::Binding { role, parent: binding.parent })
    });
    known.collect()
}

/// `name` is what the API calls the field of the new one's name.
fn refused(error: AdminError, name: &str) -> AdministrationError {
    match error {
        AdminError::Invalid { field: "tokenUri", reason } => {
            AdministrationError::Refused { reason: format!("access.tokenUri {reason}") }
        }
        AdminError::Invalid { field, reason } => {
            let field = if matches!(field, "name" | "account") { name } else { field };
            AdministrationError::Invalid { field: field.to_owned(), reason }
        }
        AdminError::Exists { name } => {
            AdministrationError::Exists { what: format!("a token named {name:?}") }
        }
        AdminError::Store(error) => error.into(),
        AdminError::Randomness => AdministrationError::Failed { reason: error.to_string() },
    }
}

fn written(bindings: Vec<identity::Binding>) -> Vec<Binding> {
    let written = bindings.into_iter();
    written.map(|one| Binding { role: one.role.name().to_owned(), parent: one.parent }).collect()
}

fn of_token(token: TokenInfo) -> Credential {
    Credential {
        id: token.name,
        account: None,
        bindings: written(token.bindings),
        create_time: token.create_time,
        created_by: token.created_by,
        expire_time: token.expire_time,
        last_used_time: token.last_used_time,
    }
}

fn of_key(key: KeyInfo) -> Credential {
    Credential {
        id: key.id,
        account: Some(key.email),
        bindings: written(key.bindings),
        create_time: key.create_time,
        created_by: key.created_by,
        expire_time: key.expire_time,
        last_used_time: None,
    }
}
