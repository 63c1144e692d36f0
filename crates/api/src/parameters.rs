//! Query parameters, read as Google's APIs read them: in either spelling, empty means absent, unknown is an error.

use axum::extract::Query;
use axum::http::Uri;

use crate::error::ApiError;

/// System parameters that change nothing here.
const IGNORED: &[&str] = &["key", "prettyPrint", "$prettyPrint", "quotaUser", "$.xgafv", "access_token"];

/// The parameters of one request.
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(crate) fn read(uri: &Uri) -> Result<Self, ApiError> {
        let query = Query::<Vec<(String, String)>>::try_from_uri(uri);
        let Query(pairs) = query.map_err(|e| ApiError::invalid("query", &e.body_text()))?;
        Ok(Self(pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect()))
    }

    /// Takes a parameter out, by its lowerCamelCase name or its snake_case one. The last one counts.
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

    /// How enums are written: `true` for numbers.
    pub(crate) fn take_numbers(&mut self) -> Result<bool, ApiError> {
        let alt = self.take("$alt").or(self.take("alt"));
        match alt.as_deref() {
            None | Some("json") => Ok(false),
            Some("json;enum-encoding=int") => Ok(true),
            Some(other) => {
                let reason = format!("{other:?} is not offered; use json or json;enum-encoding=int");
                Err(ApiError::invalid("$alt", &reason))
            }
        }
    }

    /// Refuses what nobody took.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        match self.0.into_iter().find(|(key, _)| !IGNORED.contains(&key.as_str())) {
            None => Ok(()),
            Some((key, _)) => Err(ApiError::invalid("query", &format!("there is no parameter {key:?}"))),
        }
    }
}

fn snake_case(camel: &str) -> String {
    camel.chars().fold(String::new(), |mut snake, c| {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
        snake
    })
}
