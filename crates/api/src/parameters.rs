//! Query parameters, read as Google's APIs read them: in either spelling, empty means absent; unknown is an error, and so is what
//! stands twice, for nobody could say which of both was meant.

use axum::extract::Query;
use axum::http::Uri;

use crate::error::ApiError;
use finding::snake_case;

/// System parameters that change nothing here.
const IGNORED: &[&str] = &["key", "quotaUser", "$.xgafv", "access_token", "uploadType", "upload_protocol"];

/// How an answer is to be written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Writing {
    /// Enums as numbers.
    pub(crate) numbers: bool,
    /// With line breaks.
    pub(crate) is_pretty: bool,
    /// Only these parts.
    pub(crate) fields: String,
}

/// The parameters of one request.
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(crate) fn read(uri: &Uri) -> Result<Self, ApiError> {
        let query = Query::<Vec<(String, String)>>::try_from_uri(uri);
        let Query(pairs) = query.map_err(|e| ApiError::invalid("query", &e.body_text()))?;
        Ok(Self(pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect()))
    }

    /// Refuses a parameter that is known and stands more than once, in one spelling or in both.
    pub(crate) fn once(&self, known: &[&'static str]) -> Result<(), ApiError> {
        for name in known {
            let snake = snake_case(name);
            if self.0.iter().filter(|(key, _)| key == name || *key == snake).count() > 1 {
                return Err(ApiError::invalid(*name, &"it stands more than once; write it once"));
            }
        }
        Ok(())
    }

    /// Takes a parameter out, by its lowerCamelCase name or its snake_case one.
    pub(crate) fn take(&mut self, camel: &str) -> Option<String> {
        let snake = snake_case(camel);
        let mut found = None;
        self.0.retain_mut(|(key, value)| {
            let hit = key == camel || *key == snake;
            if hit {
                found = Some(std::mem::take(value));
            }
            !hit
        });
        found
    }

    /// How the answer is to be written.
    pub(crate) fn take_writing(&mut self) -> Result<Writing, ApiError> {
        self.once(&["$alt", "alt", "$prettyPrint", "prettyPrint", "$fields", "fields"])?;
        let alt = self.take("$alt").or(self.take("alt"));
        let numbers = match alt.as_deref() {
            None | Some("json") => false,
            Some("json;enum-encoding=int") => true,
            Some(other) => {
                let reason = format!("{other:?} is not offered; use json or json;enum-encoding=int");
                return Err(ApiError::invalid("$alt", &reason));
            }
        };
        let pretty = self.take("$prettyPrint").or(self.take("prettyPrint"));
        let fields = self.take("$fields").or(self.take("fields")).unwrap_or_default();
        Ok(Writing { numbers, is_pretty: matches!(pretty.as_deref(), Some("true" | "1")), fields })
    }

    /// Refuses what is neither among these nor ignored.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), ApiError> {
        let is_known = |key: &str| {
            IGNORED.contains(&key) || known.iter().any(|known| key == *known || key == snake_case(known))
        };
        match self.0.iter().find(|(key, _)| !is_known(key)) {
            None => Ok(()),
            Some((key, _)) => Err(ApiError::invalid("query", &format!("there is no parameter {key:?}"))),
        }
    }
}
