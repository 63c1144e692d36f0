//! One admitted request on its way to its endpoint, and the answer on its way back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Body as HttpBody;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use finding::Timestamp;
use finding_filter::Filter;
use serde_json::{Map, Value};
use tokio_util::io::ReaderStream;

use crate::access::{Principal, Request};
use crate::body::Body;
use crate::error::ApiError;
use crate::method::ApiMethod;
use crate::parameters::{Parameters, Writing};
use crate::partial;
use crate::path::Target;
use crate::service::Service;
use crate::upload::Upload;

/// One request.
pub(crate) struct Call {
    pub(crate) service: Arc<Service>,
    pub(crate) target: Target,
    pub(crate) parameters: Parameters,
    pub(crate) writing: Writing,
    pub(crate) body: Body,
    pub(crate) upload: Option<Upload>,
    pub(crate) principal: Principal,
    pub(crate) asker: Asker,
    pub(crate) now: Timestamp,
}

/// Who asks, and what it was known by.
pub(crate) struct Asker {
    pub(crate) headers: HeaderMap,
    pub(crate) peer: Option<SocketAddr>,
    /// As [`Request::places`].
    pub(crate) places: Vec<String>,
}

impl Asker {
    pub(crate) fn request(&self, method: ApiMethod) -> Request<'_> {
        Request { method, headers: &self.headers, peer: self.peer, places: &self.places }
    }
}

impl Call {
    /// Whether whoever asks may ask for another method, too.
    pub(crate) async fn may(&self, method: ApiMethod) -> bool {
        self.service.access.admit(self.asker.request(method)).await.is_ok()
    }

    /// The page size that was asked for; 10 without.
    pub(crate) fn page_size(&mut self) -> Result<store::PageSize, ApiError> {
        let text = self.parameters.take("pageSize").unwrap_or_default();
        let number = match text.as_str() {
            "" => self.body.integer("pageSize")?.unwrap_or(0),
            text => text.parse::<i64>().map_err(|_| {
                ApiError::invalid("pageSize", &format!("{text:?} is not a number; ask for 1 to 1000"))
            })?,
        };
        // proto3 cannot tell 0 from absent
        if number == 0 {
            return Ok(store::PageSize::default());
        }
        store::PageSize::new(number).map_err(|e| ApiError::invalid("pageSize", &e))
    }
}

/// A filter that stands in `field`.
pub(crate) fn filter(field: &'static str, text: &str) -> Result<Filter, ApiError> {
    text.parse().map_err(|e: finding_filter::FilterError| ApiError::invalid(field, &e))
}

/// What an endpoint answers.
pub(crate) enum Answer {
    Json(Value),
    /// JSON that is text already: a page of values would take many times the memory of its text.
    Text(String),
    /// Bytes for a file.
    Bytes(Vec<(HeaderName, String)>, Vec<u8>),
    /// A file, from its beginning, and what the audit log says of it besides.
    File(Vec<(HeaderName, String)>, std::fs::File, Map<String, Value>),
    /// JSON, and what the audit log says of it besides who, what and how it ended.
    Noted(Value, Map<String, Value>),
}

impl Answer {
    /// What the audit log says of it besides.
    pub(crate) fn note(&self) -> Map<String, Value> {
        match self {
            Self::Noted(_, note) | Self::File(_, _, note) => note.clone(),
            _ => Map::new(),
        }
    }

    /// Writes it as it was asked for.
    pub(crate) fn write(self, writing: &Writing) -> Result<Response, ApiError> {
        let plain = writing.fields.is_empty() && !writing.is_pretty;
        let text = match self {
            Self::Bytes(headers, bytes) => return with_headers(HttpBody::from(bytes), headers),
            Self::File(headers, file, _) => {
                let stream = ReaderStream::new(tokio::fs::File::from_std(file));
                return with_headers(HttpBody::from_stream(stream), headers);
            }
            Self::Text(text) if plain => text,
            Self::Json(value) | Self::Noted(value, _) if plain => value.to_string(),
            Self::Text(text) => written(serde_json::from_str(&text).map_err(|_| ApiError::Defect)?, writing)?,
            Self::Json(value) | Self::Noted(value, _) => written(value, writing)?,
        };
        Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
    }
}

fn with_headers(body: HttpBody, headers: Vec<(HeaderName, String)>) -> Result<Response, ApiError> {
    let mut response = body.into_response();
    for (name, value) in headers {
        let value = HeaderValue::from_str(&value).map_err(|_| ApiError::Defect)?;
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

fn written(value: Value, writing: &Writing) -> Result<String, ApiError> {
    let value = partial::of(value, &writing.fields)?;
    let text =
        if writing.is_pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
    text.map_err(|_| ApiError::Defect)
}

/// Now.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
